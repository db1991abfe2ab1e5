// Package paymentsctl shows operators money that is open or wrong, and has a running server ask about it again.
//
//	list ─┬─▶ Pages ──▶ GET /v1/events/{event}/payments, page after page ─┐
//	      └─▶ storectl ─▶ the logs of a store that nobody asks about ─────┴─▶ Print: a line a booking, or JSON
//	show, retry ─▶ One ─▶ GET, POST /v1/bookings/{booking}/payments…
//
// Lines say what is open, how much, for how long, under which reference the processor knows it, and why it stands.
//
// Rejected: to ask the processor from here. The server that has the section does, and what it hears is in its log.
package paymentsctl

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
	"holdfast/api/wire/pay"
	"holdfast/cmd/holdfast/client"
)

// pagesMax bounds how many pages one list reads.
const pagesMax = 1000

// Pages reads an event's list from a server, and gives each payment to visit. incomplete says that a node or a section
// did not answer.
func Pages(ctx context.Context, server *client.Client, event, state string, visit func(*pay.Payment) error) (
	incomplete bool, err error) {
	query := url.Values{"limit": {"100"}}
	if state != "" {
		query.Set("state", state)
	}
	for range pagesMax {
		var page pay.Payments
		path := "/v1/events/" + url.PathEscape(event) + "/payments?" + query.Encode()
		if err := server.Get(ctx, path, &page); err != nil {
			return incomplete, err
		}
		incomplete = incomplete || page.Incomplete
		for i := range page.Payments {
			if err := visit(&page.Payments[i]); err != nil {
				return incomplete, err
			}
		}
		if page.NextCursor == nil {
			return incomplete, nil
		}
		query.Set("cursor", *page.NextCursor)
	}
	return true, nil
}

// One asks a server about one booking's money, or with retry has it ask the processor at once.
func One(ctx context.Context, server *client.Client, booking string, retry bool) (p *pay.Payment, err error) {
	path := "/v1/bookings/" + url.PathEscape(booking) + "/payments"
	p = new(pay.Payment)
	if retry {
		return p, server.Post(ctx, path+"/retry", "", nil, 0, p)
	}
	return p, server.Get(ctx, path, p)
}

// Printer writes payments as a table, or a line of JSON each.
type Printer struct {
	out   io.Writer
	table *tabwriter.Writer
	now   time.Time
	count int
}

// NewPrinter prints to out; ages are those at now.
func NewPrinter(out io.Writer, asJSON bool, now time.Time) *Printer {
	p := &Printer{out: out, now: now}
	if !asJSON {
		p.table = tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	}
	return p
}

// Print prints one.
func (p *Printer) Print(of *pay.Payment) error {
	if p.table == nil {
		return json.NewEncoder(p.out).Encode(of)
	}
	if p.count++; p.count == 1 {
		fmt.Fprintln(p.table, "BOOKING\tSTATE\tOPEN\tAMOUNT\tAGE\tLAST ASKED\tTRIES\tREFERENCE\tWHY")
	}
	since, last, tries := "-", "-", "-"
	if a := of.Reconciliation; a != nil {
		since, last, tries = p.age(a.Since), p.age(a.LastAt), fmt.Sprint(a.Tries)
	}
	_, err := fmt.Fprintf(p.table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", of.Booking, of.State,
		or(strings.Join(of.Open, ",")), show(amountOf(of)), since, last, tries, or(referenceOf(of)), or(of.Why))
	return err
}

// Close prints what is left to print.
func (p *Printer) Close() error {
	if p.table == nil {
		return nil
	}
	return p.table.Flush()
}

// Whole prints one booking's money with all its attempts and refunds.
func Whole(out io.Writer, of *pay.Payment, now time.Time) error {
	p := NewPrinter(out, false, now)
	var text strings.Builder
	fmt.Fprintf(&text, "booking   %s, %s, %s\nopen      %s\n", of.Booking, of.State, show(of.Total),
		or(strings.Join(of.Open, ", ")))
	for _, a := range of.Attempts {
		fmt.Fprintf(&text, "attempt   %d %s, %s, %s\n", a.No, a.State, show(a.Amount), or(a.Reference))
	}
	for _, r := range of.Refunds {
		stray := ""
		if r.Stray {
			stray = ", of money that was taken against the processor's own word"
		}
		fmt.Fprintf(&text, "refund    %d %s, %s, of attempt %d%s\n", r.No, r.State, show(r.Amount), r.Attempt, stray)
	}
	if a := of.Reconciliation; a != nil {
		fmt.Fprintf(
			&text, "asked     %d times, last %s, on the list for %s\n", a.Tries, p.age(a.LastAt), p.age(a.Since),
		)
	}
	if of.Why != "" {
		fmt.Fprintf(&text, "why       %s\n", of.Why)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// amountOf is what is open of a booking: refunds that are, else its total.
func amountOf(of *pay.Payment) pay.Amount {
	sum := pay.Amount{Currency: of.Total.Currency}
	for _, r := range of.Refunds {
		if r.State != "refunded" {
			sum.Amount += r.Amount.Amount
		}
	}
	if sum.Amount == 0 {
		return of.Total
	}
	return sum
}

func referenceOf(of *pay.Payment) string {
	if n := len(of.Attempts); n > 0 {
		return of.Attempts[n-1].Reference
	}
	return ""
}

func show(a pay.Amount) string {
	if a.Currency == "" {
		return "-"
	}
	return money.Format(a.Amount, a.Currency)
}

func or(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// age is how long ago an instant of the API was.
func (p *Printer) age(instant string) string {
	at, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		return "-"
	}
	return max(p.now.Sub(at), 0).Round(time.Second).String()
}
