package copier_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/copier"
)

// TestWholeHouse (P2, P5, P10): there and back, everything is the same, and a second run changes nothing and says so.
func TestWholeHouse(t *testing.T) {
	a, b, c := inMemory(t), onDisk(t), inMemory(t)
	furnish(t, a)
	const logs, records, tickets = 2 * houseSections, 2 * houseSections * houseRecords, 2 * houseSections * (houseRecords - 2)
	want := copier.Report{
		Events: copier.Count{
			All: 2, New: 2,
		}, Logs: copier.Count{All: logs, New: logs}, Records: copier.Count{All: records, New: records},
		Tickets: copier.Count{
			All: tickets, New: tickets,
		}, Snapshots: copier.Count{All: logs, New: logs}, Payments: copier.Count{All: logs, New: logs},
	}
	for _, move := range [][2]house{{a, b}, {b, c}} {
		report := run(t, move[0], move[1])
		if !report.Changed() || report.Events != want.Events || report.Logs != want.Logs || report.Records != want.Records ||
			report.Tickets != want.Tickets ||
			report.Snapshots != want.Snapshots ||
			report.Payments != want.Payments {
			t.Errorf("report is %+v, want %+v", *report, want)
		}
		wantSame(t, move[0], move[1])
		again := run(t, move[0], move[1])
		if again.Changed() || again.Records.All != records || again.Tickets.All != tickets {
			t.Errorf("a second run says %+v", *again)
		}
	}
	wantSame(t, a, c)
}

// TestGoingOnAndBack: the copy sells, and the old house catches up: its logs are beginnings, its sale switch is the
// older one.
func TestGoingOnAndBack(t *testing.T) {
	home, away := onDisk(t), inMemory(t)
	events := furnish(t, home)
	run(t, home, away)
	key := storage.SectionKey{Event: events[0].ID, Section: 1}
	o := claim(t, away, key)
	o.append(t, away, storage.EntryChanges, []byte("sold away"), []section.Ticket{{Seat: 400, Booking: 99}})
	ctx := context.Background()
	must(t, away.SetSale(ctx, events[0].ID, storage.SaleClosed, storage.OperatorKey{}))
	must(
		t,
		away.SaveSnapshot(
			ctx, key, storage.Snapshot{Seq: o.tail.Seq, Epoch: o.tail.Epoch, Hash: o.tail.Hash, Body: []byte("later")},
		),
	)
	_, err := away.PutPayment(
		ctx, storage.PaymentRow{ID: key.String(), Status: "refunded", Amount: 4500, Currency: "EUR"}, "charged",
	)
	must(t, err)
	report := run(t, away, home)
	if report.Records.New != 2 || report.Logs.New != 1 || report.Events.New != 1 || report.Payments.New != 1 ||
		report.Snapshots.New != 1 {
		t.Errorf("report is %+v", *report)
	}
	wantSame(t, away, home)
	late := *o
	late.append(t, home, storage.EntryChanges, []byte("at home again"), nil)
}

// TestOtherEventsStay: what else the target holds is nobody's business.
func TestOtherEventsStay(t *testing.T) {
	from, to := inMemory(t), onDisk(t)
	furnish(t, from)
	other := event(t, to, "other", 1)
	o := claim(t, to, storage.SectionKey{Event: other.ID})
	o.append(t, to, storage.EntryChanges, []byte("mine"), []section.Ticket{{Seat: 7, Booking: 7}})
	run(t, from, to)
	tail, err := to.Tail(context.Background(), o.key)
	must(t, err)
	kept, err := to.Event(context.Background(), other.ID)
	must(t, err)
	if tail != o.tail || kept.Name != other.Name {
		t.Errorf("the other event's log is at %+v, want %+v; event %+v", tail, o.tail, kept)
	}
}

// TestRefusedBeforeAnythingIsWritten (P3): whatever the target holds that the source does not begin with is named, and
// stays.
func TestRefusedBeforeAnythingIsWritten(t *testing.T) {
	var history *copier.HistoryError
	var other *copier.EventError
	var money *copier.PaymentError
	for name, c := range map[string]struct {
		spoil func(t *testing.T, to house, events []*storage.Event)
		want  func(err error) bool
	}{
		"longer log": {func(t *testing.T, to house, events []*storage.Event) {
			claim(t, to, storage.SectionKey{Event: events[0].ID, Section: 2})
		}, func(err error) bool {
			return errors.As(err, &history) && history.Seq == houseRecords+1 && history.Section.Section == 2
		}},
		"log of no section of the source": {func(t *testing.T, to house, events []*storage.Event) {
			claim(t, to, storage.SectionKey{Event: events[0].ID, Section: 77})
		}, func(err error) bool {
			return errors.As(err, &history) && history.Seq == 1 && history.Section.Section == 77
		}},
		"secret": {func(t *testing.T, to house, _ []*storage.Event) {
			to.(*booked).fillable = forgetful{to.(*booked).fillable}
		}, func(err error) bool { return errors.Is(err, copier.ErrSecret) }},
		"venue": {func(t *testing.T, to house, _ []*storage.Event) {
			to.(*booked).fillable = &liar{fillable: to.(*booked).fillable, venue: true}
		}, func(err error) bool { return errors.As(err, &other) && other.What == "venue" }},
		"header": {func(t *testing.T, to house, _ []*storage.Event) {
			to.(*booked).fillable = &liar{fillable: to.(*booked).fillable, header: true}
		}, func(err error) bool { return errors.As(err, &other) && other.What == "header" }},
		"payment": {func(t *testing.T, to house, events []*storage.Event) {
			id := storage.SectionKey{Event: events[0].ID}.String()
			to.(*booked).rows[id] = storage.PaymentRow{ID: id, Status: "charged", Amount: 1, Currency: "EUR"}
		}, func(err error) bool { return errors.As(err, &money) }},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := inMemory(t), inMemory(t)
			events := furnish(t, from)
			run(t, from, to)
			fresh := claim(
				t, from, storage.SectionKey{Event: events[0].ID, Section: 0},
			) // there would be something to write
			fresh.append(t, from, storage.EntryChanges, []byte("new"), nil)
			c.spoil(t, to, events)
			counted := &saboteur{house: to, at: -1}
			report, err := copier.Run(context.Background(), from, counted, options)
			if !c.want(err) {
				t.Errorf("got %v", err)
			}
			if counted.written() != 0 || report.Changed() {
				t.Errorf("%d writes before the refusal: %+v", counted.written(), *report)
			}
		})
	}
}

// TestAnotherHistoryIsNamed (P10): two logs of one section that part at some record are told apart at that record.
func TestAnotherHistoryIsNamed(t *testing.T) {
	const parts = section.Seq(5)
	from, to := inMemory(t), onDisk(t)
	events := furnish(t, from)
	key := storage.SectionKey{Event: events[1].ID, Section: 1}
	var o *owner
	must(t, from.Read(context.Background(), key, 0, func(e *storage.Entry, hash storage.Hash) error {
		if e.Seq < parts {
			o = &owner{key: key, id: e.Writer, tail: e.After(hash)}
			return to.Import(context.Background(), key, []storage.Entry{*e})
		}
		return nil
	}))
	o.append(t, to, storage.EntryChanges, []byte("elsewhere"), nil)
	o.append(t, to, storage.EntryChanges, []byte("and on"), nil)
	_, err := copier.Run(context.Background(), from, to, options)
	var history *copier.HistoryError
	if !errors.As(err, &history) || history.Section != key || history.Seq != parts {
		t.Errorf("got %v, want another history from record %d on", err, parts)
	}
}

// TestBusyStoresAreRefused (P3): a heartbeat that moves is a server; one that does not is a dead one's, and no
// obstacle.
func TestBusyStoresAreRefused(t *testing.T) {
	for name, busy := range map[string]func(from, to house) house{
		"source": func(from, _ house) house { return from },
		"target": func(_, to house) house { return to },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				from, to := inMemory(t), inMemory(t)
				furnish(t, from)
				ctx, stop := context.WithCancel(t.Context())
				beat := storage.NodeBeat{Writer: storage.NewWriterID(), Name: "node-1", At: 1}
				must(t, busy(from, to).Beat(ctx, beat))
				go func() {
					for tick := time.NewTicker(time.Second); ctx.Err() == nil; beat.At++ {
						_ = busy(from, to).Beat(ctx, beat) // refused only when ctx has ended
						select {
						case <-tick.C:
						case <-ctx.Done():
						}
					}
				}()
				counted := &saboteur{house: to, at: -1}
				if _, err := copier.Run(ctx, from, counted, options); !errors.Is(err, copier.ErrBusy) ||
					counted.written() != 0 {
					t.Errorf("%d writes, then %v", counted.written(), err)
				}
				stop()
				synctest.Wait()
				run(t, from, to)
				wantSame(t, from, to)
			})
		})
	}
}

// moving is a source that somebody writes to halfway.
type moving struct {
	house
	write func()
}

func (m *moving) Tickets(ctx context.Context, key storage.SectionKey, visit func(section.Ticket) error) error {
	if write := m.write; write != nil {
		m.write = nil
		write()
	}
	return m.house.Tickets(ctx, key, visit)
}

// TestSourceThatMovesIsReported: such a copy is never called good; run again, it is.
func TestSourceThatMovesIsReported(t *testing.T) {
	for name, write := range map[string]func(t *testing.T, from house, events []*storage.Event){
		"record": func(t *testing.T, from house, events []*storage.Event) {
			claim(t, from, storage.SectionKey{Event: events[1].ID, Section: 2})
		},
		"log": func(t *testing.T, from house, _ []*storage.Event) {
			claim(t, from, storage.SectionKey{Event: storage.NewEventID()})
		},
		"event": func(t *testing.T, from house, _ []*storage.Event) { event(t, from, "sudden", 1) },
		"sale": func(t *testing.T, from house, events []*storage.Event) {
			must(t, from.SetSale(context.Background(), events[0].ID, storage.SaleClosed, storage.OperatorKey{}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := inMemory(t), inMemory(t)
			events := furnish(t, from)
			one := options
			one.Workers = 1
			_, err := copier.Run(
				context.Background(), &moving{house: from, write: func() { write(t, from, events) }}, to, one,
			)
			if !errors.Is(err, copier.ErrMoved) {
				t.Errorf("got %v", err)
			}
			run(t, from, to)
			wantSame(t, from, to)
		})
	}
}

// TestUselessSnapshotIsLeftOut: a snapshot that stands on no record would spoil the copy, and nobody needs it.
func TestUselessSnapshotIsLeftOut(t *testing.T) {
	from, to := inMemory(t), onDisk(t)
	events := furnish(t, from)
	key := storage.SectionKey{Event: events[0].ID, Section: 1}
	must(
		t,
		from.SaveSnapshot(
			context.Background(), key,
			storage.Snapshot{Seq: houseRecords, Epoch: 1, Hash: storage.Hash{1}, Body: []byte("of what?")},
		),
	)
	report := run(t, from, to)
	if _, err := to.LoadSnapshot(context.Background(), key); report.SnapshotsLeftOut != 1 ||
		!errors.Is(err, storage.ErrNotFound) {
		t.Errorf("%d left out; the copy's: %v", report.SnapshotsLeftOut, err)
	}
}

// TestProgressReachesItsTotal: each step ends where it said it would, and never goes back.
func TestProgressReachesItsTotal(t *testing.T) {
	from, to := inMemory(t), inMemory(t)
	furnish(t, from)
	last := map[copier.Step]copier.Progress{}
	o := options
	o.Progress = func(p copier.Progress) {
		if p.Done < last[p.Step].Done {
			t.Errorf("%s went back to %d", p.Step, p.Done)
		}
		last[p.Step] = p
	}
	_, err := copier.Run(context.Background(), from, to, o)
	must(t, err)
	for _, step := range []copier.Step{copier.Copying, copier.Verifying} {
		if p := last[step]; p.Total != 2*houseSections*houseRecords || p.Done != p.Total {
			t.Errorf("%s ended at %d of %d", step, p.Done, p.Total)
		}
	}
}
