package payment

import (
	"context"
	"slices"
	"time"

	"holdfast/actors/checkout/processor"
)

const (
	// eventsEvery is the time between two questions for what no webhook told; eventsTimeout bounds one.
	eventsEvery   = 30 * time.Second
	eventsTimeout = 20 * time.Second
	// turn is how long a node reads alone. One that has died is followed by another after that time.
	turn = 2*eventsEvery + eventsTimeout
	// hearPatience is how long a reading waits until what was told has been looked at; the rest is kept in the record.
	hearPatience = 10 * time.Second
	hearEvery    = 100 * time.Millisecond
)

// Listener sees to what events tell.
type Listener interface {
	// PaymentHint has an attempt looked at soon.
	PaymentHint(h processor.Hint)
	// PaymentsUnheard are those of some attempts that are still to be looked at.
	PaymentsUnheard(of []processor.AttemptID) []processor.AttemptID
	// PaymentDisputed hears of a dispute, as often as somebody likes.
	PaymentDisputed(a processor.AttemptID, observed time.Time)
}

// Follower reads an account's events: what no webhook notified, such as a dispute, or a refund that failed after days.
//
//	record ─▶ Events since its cursor ─▶ Listener ─▶ looked at? ─▶ record: the next cursor, and what was not
//
// A cursor moves on only together with a list of what was told and not looked at yet, so that a node may die at any
// moment and no event is skipped: it is told again, which does nothing. Of several nodes one reads at a time.
type Follower struct {
	Processor processor.Processor
	Listener  Listener
	Keeper    Keeper
	Node      string      // this node's life, unlike any other
	Report    func(error) // hears of the first failure of a row, and of the row's end as nil
}

// Run reads until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	tick := time.NewTicker(eventsEvery)
	defer tick.Stop()
	for failing := false; ; {
		err := f.read(ctx)
		if ctx.Err() != nil {
			return
		}
		if failing != (err != nil) {
			failing = err != nil
			f.Report(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// read tells what happened since the record, if it is this node's turn.
func (f *Follower) read(ctx context.Context) error {
	record, revision, err := f.Keeper.Load(ctx)
	if err != nil {
		return err
	}
	for _, d := range record.Disputes { // whoever reads: every node shows them
		f.Listener.PaymentDisputed(d.Attempt, d.Observed)
	}
	now := time.Now()
	if record.By != f.Node && now.Before(record.Until) {
		return nil
	}
	if record.By != f.Node || record.Until.Sub(now) < turn-eventsEvery {
		record.By, record.Until = f.Node, now.Add(turn).UTC()
		if mine, err := f.Keeper.Save(ctx, record, revision); err != nil || !mine {
			return err
		}
		if record, revision, err = f.Keeper.Load(ctx); err != nil || record.By != f.Node && record.By != "" {
			return err
		}
	}
	notified, next, err := f.tell(ctx, &record)
	if err != nil {
		return err
	}
	if record.Unheard = f.await(ctx, notified); len(record.Unheard) > unheardMax {
		return nil // all of it is told again, from where it was
	}
	record.Cursor = next
	_, err = f.Keeper.Save(ctx, record, revision)
	return err
}

// tell passes on what the record has of attempts that were not looked at, and what happened since its cursor.
func (f *Follower) tell(ctx context.Context, record *Record) (notified []processor.AttemptID, next string, err error) {
	for _, a := range record.Unheard {
		f.Listener.PaymentHint(processor.Hint{Attempt: a, Kind: processor.HintRefund})
		notified = append(notified, a)
	}
	ctx, cancel := context.WithTimeout(ctx, eventsTimeout)
	defer cancel()
	next, err = f.Processor.Events(ctx, record.Cursor, func(h processor.Hint) error {
		switch {
		case h.Attempt == "" || h.Kind == processor.HintOther:
			return nil
		case h.Kind == processor.HintDispute:
			record.dispute(h.Attempt, time.Now())
			f.Listener.PaymentDisputed(h.Attempt, time.Now())
		default:
			f.Listener.PaymentHint(h)
			notified = append(notified, h.Attempt)
		}
		return nil
	})
	return notified, next, err
}

// await waits until attempts were looked at, and gives those that were not.
func (f *Follower) await(ctx context.Context, notified []processor.AttemptID) []processor.AttemptID {
	slices.Sort(notified)
	notified = slices.Compact(notified)
	tick := time.NewTicker(hearEvery)
	defer tick.Stop()
	late := time.NewTimer(hearPatience)
	defer late.Stop()
	for {
		notified = f.Listener.PaymentsUnheard(notified)
		if len(notified) == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-late.C:
			return notified
		case <-ctx.Done():
			return notified
		}
	}
}
