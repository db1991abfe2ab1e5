package actors

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/actors/ticketing"
)

// TestTicketsOverNodes: whichever node a scanner asks, the home decides: a ticket is let in once over all nodes, a key
// means the same everywhere (P5), a takeover forgets nothing (P2), and every node's list has what the home knows.
func TestTicketsOverNodes(t *testing.T) {
	orderFleets(t, 3, func(t *testing.T, f *fleet) {
		held, err := f.nodes[0].hold(caller(1, 1), fleetSeat(0, 1), fleetSeat(2, 1), fleetSeat(5, 1))
		if err != nil {
			t.Fatal(err)
		}
		var out BookingView
		if err := f.nodes[1].e.Confirm(held.ID, caller(1, 2), "tok_ok", patience, &out); err != nil || out.Confirming {
			t.Fatalf("confirm: %v %+v", err, out)
		}
		all, err := f.nodes[2].e.Tickets(held.ID, ticketing.Caller(caller(1, 0)), patience)
		if err != nil || len(all.Tickets) != 3 {
			t.Fatalf("%+v %v", all, err)
		}
		for n, one := range all.Tickets {
			var in, admittedBefore atomic.Int64
			var group sync.WaitGroup
			for i := range 30 {
				group.Go(func() {
					s := ticketing.Scanned{Code: one.Code, Scanner: "gate"}
					got, err := f.nodes[i%3].e.Scan(s, scanner(uint64(1+n*100+i)), patience)
					var admitted *ticketing.AdmittedError
					switch {
					case err == nil && got.Place.Seat == one.Seat:
						in.Add(1)
					case errors.As(err, &admitted) && admitted.Pass.Scanner == "gate":
						admittedBefore.Add(1)
					default:
						t.Errorf("%+v %v", got, err)
					}
				})
			}
			group.Wait()
			if in.Load() != 1 || admittedBefore.Load() != 29 {
				t.Errorf("%s was let in %d times, and %d were told of it", one.Seat, in.Load(), admittedBefore.Load())
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for _, n := range f.nodes {
			f.eventually("the node's list has all", func() bool {
				page, err := n.e.Manifest(ctx, f.event, ticketing.Cursor{}, 100)
				return err == nil && len(page.Tickets) == 3 && !slices.ContainsFunc(page.Tickets,
					func(one ticketing.Listed) bool { return !one.Admitted || one.Scanner != "gate" })
			})
		}
		for i, n := range f.nodes {
			again := []ticketing.Scanned{{Code: all.Tickets[0].Code, Scanner: "alone", At: 1}}
			late := n.e.ScanLate(again, scanner(0), patience)
			if !late[0].Conflict() || late[0].Pass.Scanner != "alone" || late[0].Repeat != (i > 0) {
				t.Errorf("node %d, told of what a scanner did alone: %+v %v", i, late[0].Scan, late[0].Err)
			}
		}
		f.ordersAudited()
	})
}
