package actors

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/ticket"
	"holdfast/actors/ticketing"
)

// sold buys seats for a buyer, and gives the booking's tickets.
func (b *box) soldTickets(buyer byte, seats ...string) *ticketing.Tickets {
	b.t.Helper()
	held := b.mustHold(caller(buyer, 1), seats...)
	if got, err := b.confirm(held.ID, caller(buyer, 2), "tok_ok"); err != nil || got.State != section.BookingConfirmed {
		b.t.Fatalf("%+v %v", got, err)
	}
	return b.tickets(held.ID)
}

func (b *box) tickets(id BookingID) *ticketing.Tickets {
	b.t.Helper()
	all, err := b.e.Tickets(id, ticketing.Caller{Operator: true}, patience)
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

// scanner is an operator's call under a key of its own; 0: none.
func scanner(key uint64) ticketing.Caller {
	who := caller(0, key)
	who.Buyer, who.Operator = OperatorBuyer, true
	return ticketing.Caller(who)
}

func (b *box) scan(code, gate string, key uint64) (*ticketing.Scan, error) {
	return b.e.Scan(ticketing.Scanned{Code: code, Scanner: gate}, scanner(key), patience)
}

// forgedOf is a code with one other sign.
func forgedOf(code string) string {
	if code[100] == 'Q' {
		return code[:100] + "R" + code[101:]
	}
	return code[:100] + "Q" + code[101:]
}

// bothWays runs a test in events with coordinators and without.
func bothWays(t *testing.T, test func(t *testing.T, config Config)) {
	for name, coordinators := range map[string]bool{"ledgers": false, "coordinators": true} {
		t.Run(name, func(t *testing.T) { test(t, Config{Coordinators: coordinators}) })
	}
}

// TestTicketsOfABooking: a confirmed booking has a code for each seat, of its own sections and others, which its buyer
// and operators see and nobody else; before it is confirmed it has none.
func TestTicketsOfABooking(t *testing.T) {
	bothWays(t, func(t *testing.T, config Config) {
		b := newBox(t, boxRules(), config)
		held := b.mustHold(caller(1, 1), "A-1-1", "B-1-2")
		if _, err := b.e.Tickets(held.ID, ticketing.Caller{Operator: true}, patience); !errors.Is(
			err,
			ticketing.ErrNotSold,
		) {
			t.Errorf("tickets of a hold: %v", err)
		}
		if _, err := b.confirm(held.ID, caller(1, 2), "tok_ok"); err != nil {
			t.Fatal(err)
		}
		all, err := b.e.Tickets(held.ID, ticketing.Caller{Buyer: section.BuyerID{1}}, patience)
		if err != nil || len(all.Tickets) != 2 || all.Tickets[0].Seat != "A-1-1" || all.Tickets[1].Seat != "B-1-2" {
			t.Fatalf("%+v %v", all, err)
		}
		for i, one := range all.Tickets {
			if one.No != i+1 || one.State != ticketing.Valid || len(one.Code) != ticket.TextSize ||
				one.Price.Total() != 4500 || one.Section == "" || one.Category == "" {
				t.Errorf("ticket %+v", one)
			}
		}
		if _, err := b.e.Tickets(held.ID, ticketing.Caller{Buyer: section.BuyerID{2}}, patience); !errors.Is(
			err, ErrBookingUnknown) {
			t.Errorf("another buyer's tickets: %v", err)
		}
		for i := range all.Tickets {
			if got, err := b.scan(all.Tickets[i].Code, "north", uint64(i+1)); err != nil ||
				got.Place.Seat != all.Tickets[i].Seat {
				t.Errorf("P2: the scan of %s: %+v %v", all.Tickets[i].Seat, got, err)
			}
		}
		b.restart()
		for i, one := range b.tickets(held.ID).Tickets {
			if one.State != ticketing.Admitted || one.Pass.Scanner != "north" || one.Code != all.Tickets[i].Code {
				t.Errorf("P2: after a restart: %+v", one)
			}
		}
		b.audited()
	})
}

// TestAThousandScannersAdmitOnce: whoever asks at once, with a key or without, one is told yes, and all others when and
// where; the same key again is told yes again (P5), of another ticket it is a mismatch.
func TestAThousandScannersAdmitOnce(t *testing.T) {
	bothWays(t, func(t *testing.T, config Config) {
		b := newBox(t, boxRules(), config)
		all := b.soldTickets(1, "A-1-1", "B-1-2")
		var in, out, other atomic.Int64
		var group sync.WaitGroup
		for i := range 1000 {
			group.Go(func() {
				_, err := b.scan(all.Tickets[0].Code, "gate", uint64(i+1))
				var admitted *ticketing.AdmittedError
				switch {
				case err == nil:
					in.Add(1)
				case errors.As(err, &admitted) && admitted.Pass.Scanner == "gate" && admitted.Place.Seat == "A-1-1":
					out.Add(1)
				default:
					other.Add(1)
					t.Log(err)
				}
			})
		}
		group.Wait()
		if in.Load() != 1 || out.Load() != 999 || other.Load() != 0 {
			t.Errorf(
				"P5: %d were let in, %d were told of it, %d heard something else",
				in.Load(),
				out.Load(),
				other.Load(),
			)
		}
		for range 2 {
			if got, err := b.scan(all.Tickets[1].Code, "north", 5000); err != nil || !got.Pass.Admitted {
				t.Errorf("P5: the same key: %+v %v", got, err)
			}
		}
		mismatched := scanner(5000)
		mismatched.Fingerprint++
		reused := ticketing.Scanned{Code: all.Tickets[0].Code, Scanner: "north"}
		if _, err := b.e.Scan(reused, mismatched, patience); !errors.Is(err, ErrMismatch) {
			t.Errorf("P5: the same key for another ticket: %v", err)
		}
		b.audited()
	})
}

// TestCodesThatOpenNoDoor: forged, of another event, refunded, issued anew.
func TestCodesThatOpenNoDoor(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	all := b.soldTickets(1, "A-1-1", "A-1-2", "A-1-3")
	code := all.Tickets[0].Code
	other := ticketing.Scanned{Code: code, Scanner: "north"}
	other.Event[0] = 1
	if _, err := b.e.Scan(other, scanner(0), patience); !errors.Is(err, ticketing.ErrOtherEvent) {
		t.Errorf("another event's door: %v", err)
	}
	for given, want := range map[string]error{
		"hello": ticket.ErrNoTicket, forgedOf(code): ticket.ErrForged, strings.Repeat("T", 164): ticket.ErrNoTicket,
	} {
		if _, err := b.scan(given, "north", 0); !errors.Is(err, want) {
			t.Errorf("%.12q: %v, want %v", given, err, want)
		}
	}
	var out BookingView
	one := RefundCall{Seats: []string{"A-1-2"}}
	if err := b.e.Refund(all.Booking, operatorCaller(9, 9), one, patience, &out); err != nil {
		t.Fatal(err)
	}
	now := b.tickets(all.Booking)
	if now.Tickets[1].State != ticketing.Void || now.Tickets[1].Code != "" || now.Tickets[0].Code != code ||
		now.Tickets[2].No != 3 {
		t.Errorf("after one seat went back: %+v", now.Tickets)
	}
	if _, err := b.scan(all.Tickets[1].Code, "north", 0); !errors.Is(err, ticketing.ErrVoid) {
		t.Errorf("a seat that went back: %v", err)
	}
	anew, err := b.e.Reissue(all.Booking, 1, ticketing.Caller(caller(1, 7)), patience)
	if err != nil || anew.Tickets[0].Code == code || anew.Tickets[0].Pass.Rotation != 1 {
		t.Fatalf("issued anew: %+v %v", anew, err)
	}
	if _, err := b.scan(code, "north", 0); !errors.Is(err, ticketing.ErrVoid) {
		t.Errorf("the old code: %v", err)
	}
	if _, err := b.scan(strings.ToLower(anew.Tickets[0].Code)+"\r\n", "north", 0); err != nil {
		t.Errorf("the new code, as a keyboard types it: %v", err)
	}
	var admitted *ticketing.AdmittedError
	if _, err := b.e.Reissue(all.Booking, 1, scanner(0), patience); !errors.As(err, &admitted) {
		t.Errorf("a new code for a ticket that is in: %v", err)
	}
	b.audited()
}

// TestKeysRotate: a new key signs from then on, and what an old one signed opens doors, on a node that knew neither.
func TestKeysRotate(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	all := b.soldTickets(1, "A-1-1", "A-1-2")
	keys, err := b.e.RotateTicketKeys(context.Background())
	if err != nil || len(keys) != 2 || keys[0].Signs || !keys[1].Signs {
		t.Fatalf("%+v %v", keys, err)
	}
	later := b.tickets(all.Booking)
	if later.Tickets[0].Code == all.Tickets[0].Code || later.Tickets[0].ID != all.Tickets[0].ID {
		t.Error("the new key does not sign")
	}
	b.restart()
	if _, err := b.scan(all.Tickets[0].Code, "north", 0); err != nil {
		t.Errorf("what the old key signed: %v", err)
	}
	if _, err := b.scan(later.Tickets[1].Code, "north", 0); err != nil {
		t.Errorf("what the new key signed: %v", err)
	}
	if _, err := b.scan(later.Tickets[0].Code, "north", 0); err == nil {
		t.Error("one ticket was let in under two keys")
	}
}

// TestTwoScannersOffline: the conflict is found when they tell, both hear of it, the first by time stays, and telling
// again changes nothing.
func TestTwoScannersOffline(t *testing.T) {
	bothWays(t, func(t *testing.T, config Config) {
		b := newBox(t, boxRules(), config)
		all := b.soldTickets(1, "A-1-1", "B-1-2")
		b.now.Store(2_000_000)
		late := func(gate string, at section.Instant, key uint64) []ticketing.Late {
			list := []ticketing.Scanned{{Code: all.Tickets[0].Code, Scanner: gate, At: at},
				{
					Code:    all.Tickets[1].Code,
					Scanner: "only " + gate[:1],
					At:      1_800_000,
				}, {Code: "hello", Scanner: gate, At: at}}
			if gate == "south" {
				list[1].Code = forgedOf(all.Tickets[0].Code)
			}
			return b.e.ScanLate(list, scanner(key), patience)
		}
		north := late("north", 1_900_000, 1)
		if north[0].Err != nil || north[0].Conflict() || north[1].Err != nil || north[2].Err == nil {
			t.Fatalf("the scanner that tells first: %+v", north)
		}
		south := late("south", 1_800_000, 2)
		if !south[0].Conflict() || south[0].Pass.Scanner != "south" || south[0].Pass.Doubles[0].Scanner != "north" {
			t.Errorf("the scanner that was first: %+v %v", south[0].Scan, south[0].Err)
		}
		for _, again := range [][]ticketing.Late{late("north", 1_900_000, 1), late("north", 1_900_000, 0),
			late("south", 1_800_000, 3)} {
			if !again[0].Conflict() || len(again[0].Pass.Doubles) != 1 {
				t.Errorf("P5: told again: %+v %v", again[0].Scan, again[0].Err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for scanner, want := range map[string]int{"": 1, "north": 1, "south": 1, "east": 0} {
			page, err := b.e.Conflicts(ctx, b.event, scanner, ticketing.Cursor{}, 10)
			if err != nil || len(page.Tickets) != want || page.Next != nil {
				t.Errorf("the conflicts of %q: %+v %v", scanner, page, err)
			}
		}
		if _, err := b.scan(all.Tickets[0].Code, "east", 0); err == nil {
			t.Error("let in once more")
		}
		b.audited()
	})
}

// TestManifestListsWhatOpensDoors: page by page, what is valid and nothing else, whatever the page's size.
func TestManifestListsWhatOpensDoors(t *testing.T) {
	bothWays(t, func(t *testing.T, config Config) {
		b := newBox(t, boxRules(), config)
		b.soldTickets(1, "A-1-1", "B-1-2")
		gone, anew := b.soldTickets(2, "A-1-2", "A-1-3"), b.soldTickets(3, "B-1-3")
		b.mustHold(caller(4, 1), "A-1-4")
		var out BookingView
		if err := b.e.Refund(gone.Booking, operatorCaller(9, 9), RefundCall{Seats: []string{"A-1-3"}}, patience,
			&out); err != nil {
			t.Fatal(err)
		}
		if _, err := b.e.Reissue(anew.Booking, 1, scanner(8), patience); err != nil {
			t.Fatal(err)
		}
		if _, err := b.scan(gone.Tickets[0].Code, "north", 0); err != nil {
			t.Fatal(err)
		}
		want := []string{"A-1-1 0 ", "B-1-2 0 ", "A-1-2 0 north", "B-1-3 1 "}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for size := 1; size <= 4; size++ {
			var got []string
			for from, pages := (&ticketing.Cursor{}), 0; from != nil; pages++ {
				page, err := b.e.Manifest(ctx, b.event, *from, size)
				if err != nil || pages > 9 {
					t.Fatalf("page %d of %d: %v", pages, size, err)
				}
				for _, one := range page.Tickets {
					got = append(got, one.Place.Seat+" "+string('0'+rune(one.Rotation))+" "+one.Scanner)
				}
				from = page.Next
			}
			if strings.Join(got, ",") != strings.Join(want, ",") {
				t.Errorf("in pages of %d: %q, want %q", size, got, want)
			}
		}
	})
}
