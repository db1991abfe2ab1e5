package copier_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/copier"
	"holdfast/storage/onsale"
)

// saboteur counts the writes of a target and spoils one of them: lost before it was written, or written and its answer
// lost.
type saboteur struct {
	house
	at      int32 // which write, from 0; below: none
	arrives bool  // the spoilt write is done all the same
	writes  atomic.Int32
}

func (s *saboteur) written() int { return int(s.writes.Load()) }

func (s *saboteur) spoil(write func() error) error {
	if s.writes.Add(1)-1 != s.at {
		return write()
	}
	if !s.arrives {
		return storage.ErrUnavailable
	}
	return errors.Join(write(), storage.ErrUnknown)
}

func (s *saboteur) Import(ctx context.Context, key storage.SectionKey, entries []storage.Entry) error {
	return s.spoil(func() error { return s.house.Import(ctx, key, entries) })
}

func (s *saboteur) ImportTickets(ctx context.Context, key storage.SectionKey, rows []section.Ticket) error {
	return s.spoil(func() error { return s.house.ImportTickets(ctx, key, rows) })
}

// ImportSecret is not counted where it changes nothing.
func (s *saboteur) ImportSecret(ctx context.Context, secret [32]byte) error {
	if s.at < 0 {
		return s.house.ImportSecret(ctx, secret)
	}
	return s.spoil(func() error { return s.house.ImportSecret(ctx, secret) })
}

func (s *saboteur) SaveSnapshot(ctx context.Context, key storage.SectionKey, snapshot storage.Snapshot) error {
	return s.spoil(func() error { return s.house.SaveSnapshot(ctx, key, snapshot) })
}

func (s *saboteur) CreateEvent(ctx context.Context, e *storage.Event, venue []byte) error {
	return s.spoil(func() error { return s.house.CreateEvent(ctx, e, venue) })
}

func (s *saboteur) PutEventKey(ctx context.Context, id storage.EventID, key storage.EventKey) error {
	return s.spoil(func() error { return s.house.PutEventKey(ctx, id, key) })
}

func (s *saboteur) ChangeSale(
	ctx context.Context, id storage.EventID, change onsale.Change, key storage.OperatorKey,
) error {
	return s.spoil(func() error { return s.house.ChangeSale(ctx, id, change, key) })
}

func (s *saboteur) RememberKey(ctx context.Context, key storage.OperatorKey) error {
	return s.spoil(func() error { return s.house.RememberKey(ctx, key) })
}

func (s *saboteur) PutPayment(
	ctx context.Context, p storage.PaymentRow, over ...string,
) (row storage.PaymentRow, err error) {
	err = s.spoil(func() (err error) {
		row, err = s.house.PutPayment(ctx, p, over...)
		return err
	})
	return row, err
}

func (s *saboteur) PutContact(ctx context.Context, subject string, c storage.Contact) error {
	return s.spoil(func() error { return s.house.PutContact(ctx, subject, c) })
}

func (s *saboteur) PutPaymentCursor(ctx context.Context, c storage.PaymentCursor) error {
	return s.spoil(func() error { return s.house.PutPaymentCursor(ctx, c) })
}

// TestResumedAfterEveryFault (P2, P3): the run ends at any of its writes, done or not, and the next one finishes it.
// While it is unfinished, no event is there to be sold from half a log.
func TestResumedAfterEveryFault(t *testing.T) {
	from := inMemory(t)
	events := furnish(t, from)
	for _, kind := range []struct {
		name    string
		make    func(testing.TB) house
		arrives bool
	}{{"lost, in memory", inMemory, false}, {"answer lost, in memory", inMemory, true}, {"answer lost, on disk", onDisk, true}} {
		t.Run(kind.name, func(t *testing.T) {
			at, ended := int32(0), false
			for ; !ended; at++ {
				to := kind.make(t)
				_, err := copier.Run(
					context.Background(), from, &saboteur{house: to, at: at, arrives: kind.arrives}, options,
				)
				switch {
				case err == nil:
					ended = true
				case !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUnknown):
					t.Fatalf("write %d: %v", at, err)
				}
				wantNothingForSaleTooEarly(t, from, to)
				run(t, from, to)
				wantSame(t, from, to)
				if at > 10 && kind.name == "answer lost, on disk" {
					at += 6 // opening a store takes a while
				}
			}
			if pages := int32(len(events)*houseSections) * 4; at < pages {
				t.Errorf("only %d writes were spoilt; the logs alone are %d pages", at, pages)
			}
		})
	}
}

// wantNothingForSaleTooEarly: an event of the target has its logs and tickets whole.
func wantNothingForSaleTooEarly(t *testing.T, from, to house) {
	t.Helper()
	ctx := context.Background()
	events, err := to.Events(ctx)
	must(t, err)
	for _, e := range events {
		for no := range e.Sections {
			key := storage.SectionKey{Event: e.ID, Section: storage.SectionNo(no)}
			here, errHere := from.Tail(ctx, key)
			there, errThere := to.Tail(ctx, key)
			if errHere != nil || errThere != nil || here != there {
				t.Errorf(
					"section %v is at %d of %d and its event is there (%v, %v)", key, there.Seq, here.Seq, errHere,
					errThere,
				)
			}
		}
	}
}

// TestResumedAfterBeingCutOff: one target, cut off by its context again and again; each run goes on where the last one
// stood.
func TestResumedAfterBeingCutOff(t *testing.T) {
	from, to := onDisk(t), onDisk(t)
	furnish(t, from)
	written, runs := uint64(0), 0
	for ended := false; !ended; runs++ {
		ctx, cut := context.WithCancel(context.Background())
		o := options
		o.Workers = 1
		at := uint64(0)
		o.Progress = func(p copier.Progress) {
			if at == 0 {
				at = p.Done
			}
			if p.Step == copier.Copying && p.Done > at+4 {
				cut()
			}
		}
		report, err := copier.Run(ctx, from, to, o)
		cut()
		written += report.Records.New
		ended = err == nil
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if written != 2*houseSections*houseRecords || runs < 5 {
		t.Errorf("%d runs wrote %d records: some twice, or not cut off", runs, written)
	}
	wantSame(t, from, to)
}

// fillable is a store that can be filled; liars stand in front of it.
type fillable = interface {
	storage.Store
	storage.Importer
}

// liar is a target that keeps something else than it was given.
type liar struct {
	fillable
	body, hash, shorter, tail, ticket, venue, header, sale, secret, snapshot bool
}

func (l *liar) Read(
	ctx context.Context, key storage.SectionKey, after section.Seq, visit func(*storage.Entry, storage.Hash) error,
) error {
	return l.fillable.Read(ctx, key, after, func(e *storage.Entry, hash storage.Hash) error {
		lie := *e
		if key.Section == 1 && e.Seq == houseRecords-1 {
			if l.body || l.hash {
				lie.Body = append([]byte(nil), e.Body...)
				lie.Body[0] ^= 1
			}
			if l.hash { // it even signs what it tells
				hash = storage.HashEntry(&lie)
			}
		}
		if l.shorter && key.Section == 1 && e.Seq == houseRecords {
			return nil
		}
		return visit(&lie, hash)
	})
}

func (l *liar) Tail(ctx context.Context, key storage.SectionKey) (storage.Tail, error) {
	tail, err := l.fillable.Tail(ctx, key)
	if l.tail && tail.Seq == houseRecords {
		tail.Epoch++
	}
	return tail, err
}

func (l *liar) Tickets(ctx context.Context, key storage.SectionKey, visit func(section.Ticket) error) error {
	return l.fillable.Tickets(ctx, key, func(row section.Ticket) error {
		if l.ticket && key.Section == 2 && row.Seat == 6 {
			return nil
		}
		return visit(row)
	})
}

func (l *liar) Venue(ctx context.Context, id storage.EventID) ([]byte, error) {
	venue, err := l.fillable.Venue(ctx, id)
	if l.venue && len(venue) > 0 {
		venue[0] ^= 1
	}
	return venue, err
}

func (l *liar) Events(ctx context.Context) ([]*storage.Event, error) {
	events, err := l.fillable.Events(ctx)
	for _, e := range events {
		if l.header {
			e.Prices["front"]++
		}
		if l.sale {
			e.Sale = storage.SaleClosed
		}
	}
	return events, err
}

func (l *liar) Secret(ctx context.Context) ([32]byte, error) {
	secret, err := l.fillable.Secret(ctx)
	if l.secret {
		secret[31] ^= 1
	}
	return secret, err
}

func (l *liar) LoadSnapshot(ctx context.Context, key storage.SectionKey) (storage.Snapshot, error) {
	s, err := l.fillable.LoadSnapshot(ctx, key)
	if l.snapshot && err == nil {
		s.Body[0] ^= 1
	}
	return s, err
}

// forgetful is a store that had a secret before.
type forgetful struct{ fillable }

func (forgetful) ImportSecret(context.Context, [32]byte) error { return storage.ErrExists }

// TestLyingTargetIsCaught (P10): whatever a target keeps otherwise than it was given, the verdict is that the copy is
// no good.
func TestLyingTargetIsCaught(t *testing.T) {
	for name, lie := range map[string]liar{
		"a byte of a body": {body: true}, "a byte and its hash": {hash: true}, "the last record": {shorter: true}, "the tail": {tail: true},
		"a ticket": {ticket: true}, "a venue": {venue: true}, "a header": {header: true}, "a sale switch": {sale: true},
		"the secret": {secret: true}, "a snapshot": {snapshot: true},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := inMemory(t), inMemory(t)
			furnish(t, from)
			lie.fillable = to.(*booked).fillable
			to.(*booked).fillable = &lie
			report, err := copier.Run(context.Background(), from, to, options)
			if !errors.Is(err, copier.ErrUnequal) || len(report.Differences) == 0 {
				t.Errorf("got %v, differences %q", err, report.Differences)
			}
		})
	}
	t.Run("a payment", func(t *testing.T) {
		from, to := inMemory(t), inMemory(t)
		furnish(t, from)
		report, err := copier.Run(context.Background(), from, &embezzler{to}, options)
		if !errors.Is(err, copier.ErrUnequal) || len(report.Differences) == 0 {
			t.Errorf("got %v, differences %q", err, report.Differences)
		}
	})
}

// embezzler answers for a payment that it has not written.
type embezzler struct{ house }

func (e *embezzler) PutPayment(_ context.Context, p storage.PaymentRow, _ ...string) (storage.PaymentRow, error) {
	return p, nil
}

// TestSilentLossIsCaught: a target that answers "done" and writes nothing.
func TestSilentLossIsCaught(t *testing.T) {
	from, to := inMemory(t), inMemory(t)
	furnish(t, from)
	report, err := copier.Run(context.Background(), from, &idle{to}, options)
	if !errors.Is(err, copier.ErrUnequal) {
		t.Errorf("got %v: %s", err, fmt.Sprint(report.Differences))
	}
}

type idle struct{ house }

func (*idle) Import(context.Context, storage.SectionKey, []storage.Entry) error { return nil }
