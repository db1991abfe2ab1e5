package actors

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/trace"
	"holdfast/storage"
)

// tracedBank notes on whose behalf it is asked: the call's name and the traceparent.
type tracedBank struct {
	processor.Processor
	mu    sync.Mutex
	asked []string
	lose  atomic.Int32 // refunds that are to be lost on the way
}

func (k *tracedBank) note(ctx context.Context, call string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p := trace.From(ctx); p != nil {
		call += " " + p.String() + p.State
	}
	k.asked = append(k.asked, call)
}

func (k *tracedBank) Open(ctx context.Context, o processor.Opening) (processor.Reference, error) {
	k.note(ctx, "open")
	return k.Processor.Open(ctx, o)
}

func (k *tracedBank) Charge(ctx context.Context, c processor.Charge) (processor.Answer, error) {
	k.note(ctx, "charge")
	return k.Processor.Charge(ctx, c)
}

func (k *tracedBank) Refund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	k.note(ctx, "refund")
	if k.lose.Add(-1) >= 0 {
		return processor.RefundUnknown, sandbox.ErrLost
	}
	return k.Processor.Refund(ctx, r)
}

// sharedLog is what all nodes log.
type sharedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *sharedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *sharedLog) count(words string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), words)
}

// TestTracesReachTheSectionsNodeAndTheProcessor: a caller's trace context goes with a booking's calls to the node that
// has the section, and to the processor, as it came; calls without one take none along.
func TestTracesReachTheSectionsNodeAndTheProcessor(t *testing.T) {
	log, bank := &sharedLog{}, &tracedBank{}
	f := newFleetWith(t, 2, fleetPlan, 8, func(c *Config) {
		bank.Processor, c.Processor = c.Processor, bank
		c.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	here, no := f.nodes[0], storage.SectionNo(0)
	for f.owner(no) == here {
		no++
	}
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	const there = "msg=\"a request of another node\""
	buy := func(no byte, seat string, p *trace.Parent) BookingID {
		t.Helper()
		who, pays := caller(no, 1), caller(no, 2)
		who.Trace, pays.Trace = p, p
		held, err := here.hold(who, seat)
		var out BookingView
		if err == nil {
			err = here.e.Confirm(held.ID, pays, "tok_ok", patience, &out)
		}
		if err == nil {
			err = here.e.Refund(held.ID, Caller{Operator: true, Trace: p}, RefundCall{}, patience, &out)
		}
		if err != nil {
			t.Fatal(err)
		}
		return held.ID
	}
	id := buy(1, fleetSeat(int(no), 1), nil)
	if log.count(there) > 0 || !slices.Equal(bank.asked, []string{"open", "charge", "refund"}) {
		t.Errorf("without a trace: %d lines, the bank is asked to %q", log.count(there), bank.asked)
	}
	f.eventually("the other node says that it reads traces", func() bool {
		who := caller(1, 0)
		who.Trace = trace.Parse([]byte(parent))
		if err := here.e.Booking(id, who, patience, new(BookingView)); err != nil {
			t.Fatal(err)
		}
		return log.count(there) > 0
	})
	read := log.count(there)
	bank.asked = nil
	buy(2, fleetSeat(int(no), 2), trace.Parse([]byte(parent)))
	if got := log.count(there); got < read+3 || log.count("traceparent="+parent) != got {
		t.Errorf(
			"a hold, a payment and a refund: %d lines, %d with the trace", got-read, log.count("traceparent="+parent),
		)
	}
	if want := []string{"open " + parent, "charge " + parent, "refund " + parent}; !slices.Equal(bank.asked, want) {
		t.Errorf("the bank is asked to %q", bank.asked)
	}
}

// TestTracesGoOnBehindTheAnswer: seats of a booking in another section are bound, sold and freed in the trace of its
// calls, on the node that has them; and money that the processor did not take back at once is given back later in the
// refund's.
func TestTracesGoOnBehindTheAnswer(t *testing.T) {
	log, bank := &sharedLog{}, &tracedBank{}
	f := newFleetWith(t, 2, fleetPlan, 8, func(c *Config) {
		bank.Processor, c.Processor = c.Processor, bank
		c.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	here, home := f.nodes[0], 0
	for f.owner(storage.SectionNo(home)) != here {
		home++
	}
	leg := home + 1
	for f.owner(storage.SectionNo(leg)) == here {
		leg++
	}
	parents := []string{
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
	}
	buys, refunds := trace.Parse([]byte(parents[0])), trace.Parse([]byte(parents[1])).WithState([]byte("a=1"))
	who := caller(1, 1)
	who.Trace = buys
	other, err := here.hold(caller(2, 1), fleetSeat(leg, 2))
	if err != nil {
		t.Fatal(err)
	}
	f.eventually("the other node says that it reads traces", func() bool {
		reads := Caller{Operator: true, Trace: buys}
		return here.e.Booking(other.ID, reads, patience, new(BookingView)) == nil &&
			log.count("traceparent="+parents[0]) > 0
	})
	told := func() int { return log.count("traceparent=" + parents[0]) }
	before := told()
	held, err := here.hold(who, fleetSeat(home, 1), fleetSeat(leg, 1))
	if err != nil {
		t.Fatal(err)
	}
	bound := told()
	pays := caller(1, 2)
	pays.Trace = buys
	var out BookingView
	if err := here.e.Confirm(held.ID, pays, "tok_ok", patience, &out); err != nil || out.Confirming {
		t.Fatalf("%v %+v", err, out)
	}
	if sold := told(); bound <= before || sold <= bound {
		t.Errorf("the leg's node is asked %d times until it is bound, %d until it is sold", bound-before, sold-bound)
	}
	bank.lose.Store(1)
	if err := here.e.Refund(held.ID, Caller{Operator: true, Trace: refunds}, RefundCall{}, patience, &out); err != nil {
		t.Fatal(err)
	}
	f.eventually("the money is given back", func() bool {
		return here.e.Booking(held.ID, Caller{Operator: true}, patience, &out) == nil && !out.RefundDue()
	})
	f.eventually("the leg is freed in the refund's trace", func() bool {
		return log.count("traceparent="+parents[1]) > 0
	})
	bank.mu.Lock()
	defer bank.mu.Unlock()
	want := "refund " + parents[1] + "a=1"
	if n := len(bank.asked); n < 2 || bank.asked[n-1] != want || bank.asked[n-2] != want {
		t.Errorf("the bank is asked to %q", bank.asked)
	}
}
