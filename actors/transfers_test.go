package actors

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/transfer"
	"holdfast/actors/ticketing"
	"holdfast/storage/faultstore"
)

// gives has a buyer give all tickets of a booking to another, and tells the link.
func (b *box) gives(id BookingID, from, to byte) (link string) {
	b.t.Helper()
	offer, err := b.e.Offer(id, nil, ticketing.Caller(caller(from, 0)), patience)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.e.Accept(offer.Link, ticketing.Caller(caller(to, 0)), patience); err != nil {
		b.t.Fatal(err)
	}
	return offer.Link
}

// oneTry is how long a call waits for a server that may have crashed under it.
const oneTry = 250 * time.Millisecond

// bazaar is a sold-out event whose tickets go from one to another, on a server that is killed again and again.
type bazaar struct {
	*box
	mu     sync.RWMutex // of e
	keys   atomic.Uint64
	lives  int
	dead   sync.WaitGroup // servers that have crashed
	random *rand.Rand
}

// does repeats a call under one key until its outcome is known. A server that has crashed comes back meanwhile.
func (b *bazaar) does(who byte, call func(e *Engine, who ticketing.Caller) error) error {
	caller := ticketing.Caller(caller(who, b.keys.Add(1)))
	var err error
	for deadline := time.Now().Add(3 * patience); time.Now().Before(deadline); {
		b.mu.RLock()
		err = call(b.e, caller)
		b.mu.RUnlock()
		if refused := (*ticketing.RefusedError)(nil); err == nil || errors.As(err, &refused) ||
			errors.Is(err, ticketing.ErrVoid) || errors.Is(err, ErrBookingUnknown) || errors.Is(err, ErrMismatch) {
			return err
		}
		b.revive()
	}
	b.t.Errorf("no outcome: %v, crashed: %v", err, b.crashed())
	return err
}

// crashed says that the server is dead.
func (b *bazaar) crashed() bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.store.Crashed()
}

// revive brings a server back that has crashed, on what its store has.
func (b *bazaar) revive() {
	if !b.crashed() {
		<-time.After(time.Millisecond) // the section says no more than that it may be asked again
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.store.Crashed() {
		return
	}
	dead := b.e
	b.lives++
	b.store = faultstore.Wrap(b.inner, uint64(b.lives))
	b.config.Store = b.store
	b.open()
	b.dead.Go(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = dead.Close(ctx) // its store says no for ever: nothing of what it says counts
	})
}

// trouble breaks one of the next writes.
func (b *bazaar) trouble() {
	do := []faultstore.Action{faultstore.CrashBefore, faultstore.CrashAfter, faultstore.KeepUnknown,
		faultstore.LoseUnknown, faultstore.Pass}[b.random.IntN(5)]
	b.store.Heal()
	b.store.Add(faultstore.Rule{Op: faultstore.OpCommit, After: b.random.IntN(4), Times: 1, Do: do})
}

// lot is a booking of a sold-out event, with who has all of its tickets.
type lot struct {
	id     BookingID
	holder byte
	codes  []string // of before
	newest string
	offers int
}

// TestTransfersRacedWithCrashes: on a sold-out event tickets are offered, accepted by two at once while they are
// withdrawn, and the server is killed before and after its writes, over and over (HOLDFAST_TRANSFERS: how often). Of
// each offer one buyer has the tickets at most, every old code is dead, seats and money add up, and the audit is clean
// (P1, P2, P5, P6).
func TestTransfersRacedWithCrashes(t *testing.T) {
	rounds := 60
	if n, err := strconv.Atoi(os.Getenv("HOLDFAST_TRANSFERS")); err == nil {
		rounds = min(n, 16*transfer.Max)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	b := &bazaar{box: newBox(t, boxRules(), Config{}), random: rand.New(rand.NewPCG(seed, 1))}
	b.keys.Store(1000)
	var lots []*lot
	for n, row := range []string{"A-1-", "A-2-", "B-1-"} {
		for seat := range []int{6, 4, 6}[n] {
			buyer := byte(1 + len(lots))
			all := b.soldTickets(buyer, row+strconv.Itoa(seat+1))
			lots = append(lots, &lot{id: all.Booking, holder: buyer, newest: all.Tickets[0].Code})
		}
	}
	given := 0
	for range rounds {
		x := lots[b.random.IntN(len(lots))]
		for x.offers == transfer.Max {
			x = lots[b.random.IntN(len(lots))]
		}
		if b.trade(x) {
			given++
		}
	}
	b.store.Heal()
	b.revive()
	b.dead.Wait()
	t.Logf("%d of %d offers were accepted, over %d lives of the server", given, rounds, b.lives+1)
	b.settles(lots)
}

// trade offers a lot's tickets, and has three race for them.
func (b *bazaar) trade(x *lot) (given bool) {
	var offer *ticketing.TransferView
	from := x.holder
	x.offers++
	b.trouble()
	if err := b.does(x.holder, func(e *Engine, who ticketing.Caller) (err error) {
		offer, err = e.Offer(x.id, nil, who, oneTry)
		return err
	}); err != nil {
		b.t.Fatalf("the offer of %d: %v", x.holder, err)
	}
	draw := func(first int) byte { return byte(first + 2*b.random.IntN(20)) }
	contenders := []byte{draw(100), draw(150), draw(200)}
	for i := range contenders {
		if contenders[i] == from {
			contenders[i]++
		}
	}
	if b.random.IntN(3) == 0 {
		contenders[2] = x.holder // who withdraws
	}
	outcomes := together(len(contenders), func(i int) error {
		return b.does(contenders[i], func(e *Engine, who ticketing.Caller) (err error) {
			if contenders[i] == from {
				_, err = e.Withdraw(x.id, offer.No, who, oneTry)
			} else {
				_, err = e.Accept(offer.Link, who, oneTry)
			}
			return err
		})
	})
	won := 0
	for i, err := range outcomes {
		if err != nil {
			continue
		}
		if won++; contenders[i] != from {
			x.holder, given = contenders[i], true
			x.codes = append(x.codes, x.newest)
		}
	}
	if won != 1 {
		b.t.Fatalf("P1: %d of three who race for an offer have won: %v", won, outcomes)
	}
	if given {
		b.does(x.holder, func(e *Engine, who ticketing.Caller) error {
			all, err := e.Tickets(x.id, who, oneTry)
			if err == nil {
				x.newest = all.Tickets[0].Code
			}
			return err
		})
	}
	return given
}

// settles looks at what is left: who has what, which codes open the door, and what the money says.
func (b *bazaar) settles(lots []*lot) {
	for _, x := range lots {
		for _, old := range x.codes {
			if _, err := b.scan(old, "north", 0); !errors.Is(err, ticketing.ErrVoid) {
				b.t.Errorf("an old code at the door: %v", err)
			}
		}
		all, err := b.e.Tickets(x.id, ticketing.Caller(caller(x.holder, 0)), patience)
		if err != nil || len(all.Tickets) != 1 || all.Tickets[0].Code != x.newest ||
			int(all.Tickets[0].Pass.Rotation) != len(x.codes) {
			b.t.Errorf("who has the ticket last sees %+v, %v", all, err)
		}
		if _, err := b.scan(x.newest, "north", 0); err != nil {
			b.t.Errorf("the newest code at the door: %v", err)
		}
		if captured, refunded, _ := b.bank.total(b.t, x.id); captured != 4500 || refunded != 0 {
			b.t.Errorf("P6: %d taken, %d given back for a ticket of 4500", captured, refunded)
		}
	}
	b.audited()
	if got := b.letters(0) + b.letters(1); got != "ssssssssssssssss" {
		b.t.Errorf("a sold-out event shows %s", got)
	}
}

// TestMoneyOfTransferredTickets: a refund goes to who paid, and neither who was given the tickets nor who gave them
// away asks for it (P6); the event's cancelling gives all of it back, and kills the new codes.
func TestMoneyOfTransferredTickets(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	all := b.soldTickets(1, "A-1-1", "A-1-2")
	b.gives(all.Booking, 1, 2)
	theirs, err := b.e.Tickets(all.Booking, ticketing.Caller(caller(2, 0)), patience)
	if err != nil || len(theirs.Tickets) != 2 {
		t.Fatalf("%+v %v", theirs, err)
	}
	var out BookingView
	for _, who := range []byte{1, 2} {
		if err := b.e.Refund(all.Booking, caller(who, 50), RefundCall{}, patience, &out); err == nil {
			t.Errorf("buyer %d has had the booking refunded", who)
		}
	}
	if n, m := b.seatsOf(1), b.seatsOf(2); n != 2 || m != 0 {
		t.Errorf("P13: %d seats count for who paid, %d for who was given them", n, m)
	}
	one := RefundCall{Seats: []string{"A-1-1"}}
	if err := b.e.Refund(all.Booking, operatorCaller(9, 9), one, patience, &out); err != nil {
		t.Fatal(err)
	}
	if captured, refunded, _ := b.bank.total(t, all.Booking); captured != 9000 || refunded != 4500 {
		t.Errorf("P6: %d taken, %d given back", captured, refunded)
	}
	if _, err := b.scan(theirs.Tickets[0].Code, "north", 0); !errors.Is(err, ticketing.ErrVoid) {
		t.Errorf("the code of what is given back: %v", err)
	}
	if _, err := b.scan(theirs.Tickets[1].Code, "north", 0); err != nil {
		t.Errorf("the code of what is not: %v", err)
	}
	if s := b.booking(all.Booking); s.State != section.BookingConfirmed || len(s.Refunds) != 1 ||
		s.Refunds[0].State != account.Refunded.String() {
		t.Errorf("%+v", s)
	}
	b.audited()
}
