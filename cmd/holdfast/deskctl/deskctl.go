// Package deskctl is the desk of a running server: operators look for bookings, and edit events.
//
//	list ─▶ Pages ─▶ GET /v1/events/{event}/bookings, or GET /v1/bookings?buyer=, page after page ─▶ a line a booking
//	show ─▶ GET /v1/bookings/{booking} ─▶ all of it, as JSON
//	edit ─▶ PATCH /v1/events/{event}, of the version that it has now unless another one is named
//
// Rejected: to search a stopped server's data as well. Its log has more than its sections remember, and holdfast log
// prints it.
package deskctl

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"holdfast/actors/money"
	"holdfast/api/wire"
	"holdfast/api/wire/bookinglist"
	"holdfast/cmd/holdfast/client"
)

// pagesMax bounds how many pages one list reads.
const pagesMax = 10_000

// Pages reads a search from a server, page after page, and gives each booking to visit, of which there are at most most
// (0: all). path is where it is asked. incomplete says that something could not be seen.
func Pages(ctx context.Context, server *client.Client, path string, query url.Values, most int,
	visit func(*bookinglist.Listed) error) (incomplete bool, err error) {
	query.Set("limit", "100")
	for n := 0; n < pagesMax; n++ {
		var page bookinglist.Page
		if err := server.Get(ctx, path+"?"+query.Encode(), &page); err != nil {
			return incomplete, err
		}
		incomplete = incomplete || page.Incomplete
		for i := range page.Bookings {
			if err := visit(&page.Bookings[i]); err != nil {
				return incomplete, err
			}
			if most--; most == 0 {
				return incomplete, nil
			}
		}
		if page.NextCursor == nil {
			return incomplete, nil
		}
		query.Set("cursor", *page.NextCursor)
	}
	return true, nil
}

// printer prints bookings, a line each.
type printer struct {
	out   io.Writer
	table *tabwriter.Writer // nil: JSON
	count int
}

func newPrinter(out io.Writer, asJSON bool) *printer {
	p := &printer{out: out}
	if !asJSON {
		p.table = tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	}
	return p
}

func (p *printer) print(b *bookinglist.Listed) error {
	if p.table == nil {
		return json.NewEncoder(p.out).Encode(b)
	}
	if p.count++; p.count == 1 {
		fmt.Fprintln(p.table, "BOOKING\tSTATE\tPLACED\tTOTAL\tBUYER\tSEATS")
	}
	_, err := fmt.Fprintf(p.table, "%s\t%s\t%s\t%s\t%.8s\t%s\n", b.ID, b.State, at(b.PlacedAt),
		money.Format(b.Total.Amount, b.Total.Currency), b.Buyer, strings.Join(b.Seats, " "))
	return err
}

func (p *printer) close() error {
	if p.table == nil {
		return nil
	}
	return p.table.Flush()
}

// at is a moment by its own clock, to the second.
func at(t wire.OffsetTime) string {
	zone := time.FixedZone("", int(t.Minutes)*60)
	return time.UnixMilli(int64(t.Time)).In(zone).Format(time.RFC3339)
}
