package actors

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/trace"
	"holdfast/storage"
)

// tracedBank notes on whose behalf it is asked: the call's name and the traceparent.
type tracedBank struct {
	processor.Processor
	mu    sync.Mutex
	asked []string
}

func (k *tracedBank) note(ctx context.Context, call string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p := trace.From(ctx); p != nil {
		call += " " + p.String()
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
