package eventctl

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"holdfast/api/wire/roomrules"
	"holdfast/api/wire/waitingroom"
	"holdfast/cmd/holdfast/client"
)

// Queue asks a running server how an event's waiting room stands.
func Queue(ctx context.Context, server *client.Client, event string) (now waitingroom.Room, err error) {
	err = server.Get(ctx, "/v1/events/"+event+"/queue", &now)
	return now, err
}

// ChangeQueue changes a waiting room. The same key twice has one effect.
func ChangeQueue(ctx context.Context, server *client.Client, event, key string, change *waitingroom.Change) (
	now waitingroom.Room, err error) {
	body, err := json.Marshal(change)
	if err != nil {
		return now, err
	}
	err = server.Patch(ctx, "/v1/events/"+event+"/waiting-room", key, body, &now)
	return now, err
}

// WriteQueue tells people how a waiting room stands.
func WriteQueue(out io.Writer, r *waitingroom.Room) error {
	rate, pace := "no bound", "not known"
	if r.AdmitPerSecond != nil {
		rate = fmt.Sprintf("%g a second", *r.AdmitPerSecond)
	}
	if r.Pace > 0 {
		pace = fmt.Sprintf("%.3g a second", float64(r.Pace)/1000)
	}
	rows := [][2]string{
		{"phase", r.Phase}, {"joined", fmt.Sprint(r.Joined)},
		{"waiting", fmt.Sprintf("%d, and %d called who wait for a slot", r.Waiting, r.Present)},
		{"inside", fmt.Sprintf("%d of %d", r.Inside, r.ActiveMax)},
		{"called", fmt.Sprintf("%d, of whom %.0f %% come", r.Called, 100*r.ShowRate)},
		{"gone", fmt.Sprintf("%d left, %d lapsed, %d were inside", r.Left, r.Lapsed, r.Finished)},
		{"rate", rate}, {"pace", pace}, {"sold out", cmp.Or(strings.Join(r.SoldOut, ", "), "nothing")},
	}
	if r.PriceRange != nil {
		from, to := r.PriceRange.From, r.PriceRange.To
		rows = append(rows, [2]string{"prices", fmt.Sprintf("%d to %d %s, in minor units", from.Amount, to.Amount,
			to.Currency)})
	}
	if l := r.Limits; l != nil {
		rows = append(rows, [2]string{"limits", limitsText(l)})
	}
	if r.Message != "" {
		rows = append(rows, [2]string{"message", r.Message})
	}
	for _, row := range rows {
		if _, err := fmt.Fprintf(out, "%-9s %s\n", row[0], row[1]); err != nil {
			return err
		}
	}
	return nil
}

// limitsText tells what one buyer may ask of the event.
func limitsText(l *roomrules.Limits) string {
	var all []string
	for _, one := range []struct {
		name string
		of   *roomrules.Limit
	}{{"joins", l.Joins}, {"polls", l.Polls}, {"holds", l.Holds}} {
		if one.of != nil {
			all = append(all, fmt.Sprintf("%s %g a second, %d at once", one.name, *one.of.PerSecond, *one.of.Burst))
		}
	}
	return strings.Join(all, "; ")
}

// WriteCodes prints presale codes, one a line: number, code, and whose it is.
func WriteCodes(out io.Writer, codes *waitingroom.Codes) error {
	for i := range codes.Codes {
		c := &codes.Codes[i]
		line := fmt.Sprintf("%d\t%s", c.Number, c.Code)
		if c.Buyer != "" {
			line += "\t" + c.Buyer
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}
