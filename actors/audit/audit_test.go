package audit_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"holdfast/actors/audit"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

const day section.Instant = 1_800_000_000_000

var rules = section.Rules{
	HoldTTL: 600_000, HoldCeiling: 1_200_000, SeatsPerBookingMax: 4, SeatsPerBuyerMax: 8,
	DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin,
}

// scene is a store with one event of one section of 20 seats, and a pen that writes records as a writer would: the
// chain is always right, what the records say is up to the test.
type scene struct {
	t     *testing.T
	store storage.Store
	event *storage.Event
	key   storage.SectionKey
	tail  storage.Tail
	now   section.Instant
}

func newScene(t *testing.T) *scene {
	t.Helper()
	return newSceneIn(t, memstore.New())
}

func newSceneIn(t *testing.T, store storage.Store) *scene { return newSceneAt(t, store, 4500) }

func newSceneAt(t *testing.T, store storage.Store, price int64) *scene {
	t.Helper()
	return newSceneOf(t, store, func(e *storage.Event) { e.Prices["Stalls"] = price })
}

// newSceneOf has change complete the event before it is stored.
func newSceneOf(t *testing.T, store storage.Store, change func(*storage.Event)) *scene {
	t.Helper()
	plan, err := venue.Parse(
		[]byte(
			`{"sections":[{"id":"A","category":"Stalls","rows":[{"label":"1","seats":12},{"label":"2","seats":8}]}]}`,
		),
		venue.Options{Name: "Hall"},
	)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, store: store, now: day, event: &storage.Event{
		ID: storage.NewEventID(), Name: "Night", Currency: "EUR", Sale: storage.SaleOpen, Rules: rules,
		Prices: map[string]int64{"Stalls": 4500}, Sections: []storage.SectionInfo{{ID: "A", Name: "A", Seats: 20}},
	}}
	change(s.event)
	if err := s.store.CreateEvent(t.Context(), s.event, plan.Encode()); err != nil {
		t.Fatal(err)
	}
	s.key = storage.SectionKey{Event: s.event.ID}
	s.append(storage.EntryClaim, []byte("test"), nil, nil)
	return s
}

func (s *scene) append(kind storage.EntryKind, body []byte, sell []section.Ticket, refund []section.SeatIndex) {
	s.t.Helper()
	epoch := s.tail.Epoch
	if kind == storage.EntryClaim {
		epoch++
	}
	e := storage.Entry{
		Kind: kind, Seq: s.tail.Seq + 1, Epoch: epoch, Batch: storage.NewBatchID(), At: s.now, Prev: s.tail.Hash,
		Body: body,
	}
	err := s.store.Commit(s.t.Context(), []storage.Append{{Section: s.key, Entry: e, Sell: sell, Refund: refund}})[0]
	if err != nil {
		s.t.Fatal(err)
	}
	s.tail = e.After(storage.HashEntry(&e))
}

// record writes the changes as one record, with the tickets given.
func (s *scene) record(sell []section.Ticket, refund []section.SeatIndex, changes ...section.Change) {
	s.t.Helper()
	s.now += 1000
	var body []byte
	for i := range changes {
		if changes[i].At == 0 {
			changes[i].At = s.now
		}
		body = section.AppendChange(body, s.now, &changes[i])
	}
	s.append(storage.EntryChanges, body, sell, refund)
}

func (s *scene) hold(no section.BookingNo, seats ...section.SeatIndex) section.Change {
	return section.Change{
		Kind: section.HoldPlaced, Booking: no, Buyer: section.BuyerID{byte(no)}, ExpiresAt: s.now + 600_000,
		Seats: seats,
	}
}

func change(kind section.ChangeKind, no section.BookingNo) section.Change {
	return section.Change{Kind: kind, Booking: no}
}

// story writes an evening in which everything is right: 1 is confirmed, 2 refunded, 3 released, 4 expired, 5 paying, 6
// held.
func (s *scene) story() {
	s.t.Helper()
	s.record(nil, nil, s.hold(1, 0, 1), s.hold(2, 2), s.hold(3, 3, 4, 5), s.hold(4, 6))
	s.record(
		nil, nil, change(section.PaymentBegun, 1), change(section.PaymentBegun, 2), change(section.HoldReleased, 3),
	)
	s.record([]section.Ticket{{Seat: 0, Booking: 1}, {Seat: 1, Booking: 1}, {Seat: 2, Booking: 2}}, nil,
		change(section.BookingSold, 1), change(section.BookingSold, 2))
	s.record(nil, []section.SeatIndex{2}, change(section.BookingRefundedChange, 2))
	s.append(storage.EntryClaim, []byte("another"), nil, nil)
	s.now += 600_000
	s.record(
		nil, nil, change(section.HoldExpired, 4),
		section.Change{Kind: section.SeatsBlocked, Seats: []section.SeatIndex{18, 19}},
	)
	s.record(nil, nil, s.hold(5, 2, 3), s.hold(6, 4), change(section.PaymentBegun, 5))
}

func (s *scene) snapshot(damage func(*storage.Snapshot)) {
	s.t.Helper()
	state := section.NewState(layoutOf(s.t, s.store, s.event.ID), rules)
	err := s.store.Read(s.t.Context(), s.key, 0, func(e *storage.Entry, _ storage.Hash) error {
		state.Begin(e.Seq)
		if e.Kind != storage.EntryChanges {
			return nil
		}
		return section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
			state.Apply(c, nil)
			return nil
		})
	})
	if err != nil {
		s.t.Fatal(err)
	}
	snapshot := storage.Snapshot{
		Seq: s.tail.Seq, Epoch: s.tail.Epoch, Hash: s.tail.Hash, Body: state.AppendSnapshot(nil),
	}
	damage(&snapshot)
	if err := s.store.SaveSnapshot(s.t.Context(), s.key, snapshot); err != nil {
		s.t.Fatal(err)
	}
}

func layoutOf(t *testing.T, store storage.Store, id storage.EventID) *section.Layout {
	t.Helper()
	stored, err := store.Venue(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := venue.Decode(stored)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Layout(0)
}

func run(t *testing.T, source audit.Source) *audit.Report {
	t.Helper()
	report, err := audit.Run(t.Context(), source, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestCleanStoreIsCleanAndAddsUp(t *testing.T) { // P10
	s := newScene(t)
	s.story()
	s.snapshot(func(*storage.Snapshot) {})
	s.record(nil, nil, s.hold(7, 8))
	report := run(t, s.store)
	for _, finding := range report.Findings {
		t.Error(finding)
	}
	got := report.Events[0].Totals
	got.Bytes = 0
	want := audit.Totals{
		Seats: 20, Free: 12, Held: 4, Sold: 2, Blocked: 2, Records: 9, Changes: 16, HoldsByCatalog: 7, Claims: 2,
		Bookings: audit.Bookings{Held: 2, Paying: 1, Confirmed: 1, Released: 1, Expired: 1, Refunded: 1},
	}
	if got != want {
		t.Errorf("totals\n got %+v\nwant %+v", got, want)
	}
}

// TestPlantedDamageIsFound (P1, P10): each line writes something that must never be, with a chain that is right.
func TestPlantedDamageIsFound(t *testing.T) {
	for _, c := range []struct {
		name  string
		want  audit.Code
		says  string
		write func(s *scene)
	}{
		{"double hold", audit.Overlap, "seat 1 given to booking 7 while booking 1", func(s *scene) { s.record(nil, nil, s.hold(7, 1)) }},
		{"hold of a blocked seat", audit.Overlap, "while it is blocked", func(s *scene) { s.record(nil, nil, s.hold(7, 18)) }},
		{"block of a sold seat", audit.Overlap, "seat 0 blocked", func(s *scene) {
			s.record(nil, nil, section.Change{Kind: section.SeatsBlocked, Seats: []section.SeatIndex{0}})
		}},
		{"number used twice", audit.WrongChange, "booking 6 placed where 7", func(s *scene) { s.record(nil, nil, s.hold(6, 9)) }},
		{"number left out", audit.WrongChange, "booking 9 placed where 7", func(s *scene) { s.record(nil, nil, s.hold(9, 9)) }},
		{"number of no life", audit.WrongChange, "booking 50 placed where", func(s *scene) {
			s.append(storage.EntryClaim, nil, nil, nil)
			s.record(nil, nil, s.hold(50, 9))
		}},
		{"too many seats", audit.WrongChange, "holds 5 seats, 4", func(s *scene) { s.record(nil, nil, s.hold(7, 8, 9, 10, 11, 12)) }},
		{"seat beyond the plan", audit.WrongChange, "seat 20 of 20", func(s *scene) { s.record(nil, nil, s.hold(7, 20)) }},
		{"sold without paying", audit.WrongChange, "booking 6 in state", func(s *scene) {
			s.record([]section.Ticket{{Seat: 4, Booking: 6}}, nil, change(section.BookingSold, 6))
		}},
		{"expired too early", audit.WrongChange, "before its end", func(s *scene) { s.record(nil, nil, change(section.HoldExpired, 6)) }},
		{"paid too late", audit.WrongChange, "past its end", func(s *scene) {
			s.now += 3_600_000
			s.record(nil, nil, change(section.PaymentBegun, 6))
		}},
		{"extended past the ceiling", audit.WrongChange, "past its ceiling", func(s *scene) {
			s.record(nil, nil, section.Change{Kind: section.HoldExtended, Booking: 6, ExpiresAt: s.now + 1_300_000})
		}},
		{"time goes back", audit.WrongChange, "time went back", func(s *scene) {
			s.now -= 5000
			s.record(nil, nil, s.hold(7, 9))
		}},
		{"booking from nowhere", audit.WrongChange, "never placed", func(s *scene) { s.record(nil, nil, change(section.HoldReleased, 70)) }},
		{"unblock of a free seat", audit.WrongChange, "without being blocked", func(s *scene) {
			s.record(nil, nil, section.Change{Kind: section.SeatsUnblocked, Seats: []section.SeatIndex{12}})
		}},
		{"sale without tickets", audit.TicketMissing, "seat 2 is sold to booking 5", func(s *scene) { s.record(nil, nil, change(section.BookingSold, 5)) }},
		{"ticket without sale", audit.TicketStray, "seat 9 of booking 6", func(s *scene) { s.record([]section.Ticket{{Seat: 9, Booking: 6}}, nil, s.hold(7, 9)) }},
		{"ticket of another booking", audit.TicketStray, "seat 2 of booking 6", func(s *scene) {
			s.record([]section.Ticket{{Seat: 2, Booking: 6}, {Seat: 3, Booking: 5}}, nil, change(section.BookingSold, 5))
		}},
		{"ticket kept after refund", audit.TicketStray, "seat 0", func(s *scene) { s.record(nil, nil, change(section.BookingRefundedChange, 1)) }},
		{"garbage in a body", audit.Unreadable, "", func(s *scene) { s.append(storage.EntryChanges, []byte{0xff, 0xff, 0xff}, nil, nil) }},
		{"snapshot of another state", audit.SnapshotDiffers, "replays to", func(s *scene) {
			s.snapshot(func(snapshot *storage.Snapshot) {
				snapshot.Body = section.NewState(layoutOf(s.t, s.store, s.event.ID), rules).AppendSnapshot(nil)
			})
		}},
		{"snapshot with another hash", audit.SnapshotDiffers, "another hash", func(s *scene) { s.snapshot(func(snapshot *storage.Snapshot) { snapshot.Hash[3]++ }) }},
		{"snapshot beyond the log", audit.SnapshotDiffers, "the log ends", func(s *scene) { s.snapshot(func(snapshot *storage.Snapshot) { snapshot.Seq += 5 }) }},
		{"snapshot that is none", audit.Unreadable, "snapshot", func(s *scene) { s.snapshot(func(snapshot *storage.Snapshot) { snapshot.Body = []byte("none") }) }},
		{"log of an unknown event", audit.Orphan, "no section", func(s *scene) {
			s.key.Event, s.tail = storage.NewEventID(), storage.Tail{}
			s.append(storage.EntryClaim, nil, nil, nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			s.story()
			c.write(s)
			expect(t, run(t, s.store), c.want, c.says)
		})
	}
}

func expect(t *testing.T, report *audit.Report, want audit.Code, says string) {
	t.Helper()
	if !slices.ContainsFunc(
		report.Findings, func(f audit.Finding) bool { return f.Code == want && strings.Contains(f.Detail, says) },
	) {
		t.Errorf("no finding %s %q among %v", want, says, report.Findings)
	}
}

// tampered is a store whose disk was edited behind its back, and which forgot to verify.
type tampered struct {
	storage.Store
	edit func(e *storage.Entry, hash *storage.Hash) error
}

func (s tampered) Read(
	ctx context.Context, key storage.SectionKey, after section.Seq, visit func(*storage.Entry, storage.Hash) error,
) error {
	return s.Store.Read(ctx, key, after, func(e *storage.Entry, hash storage.Hash) error {
		copied := *e
		copied.Body = slices.Clone(e.Body)
		if err := s.edit(&copied, &hash); err == errDropped {
			return nil
		} else if err != nil {
			return err
		}
		return visit(&copied, hash)
	})
}

var errDropped = fmt.Errorf("dropped")

// TestTamperingIsFound (P10): edits, gaps and takeovers without a claim, in a store that verifies nothing itself.
func TestTamperingIsFound(t *testing.T) {
	at := func(seq section.Seq, do func(e *storage.Entry, hash *storage.Hash) error) func(*storage.Entry, *storage.Hash) error {
		return func(e *storage.Entry, hash *storage.Hash) error {
			if e.Seq != seq {
				return nil
			}
			return do(e, hash)
		}
	}
	for _, c := range []struct {
		name string
		want audit.Code
		says string
		edit func(*storage.Entry, *storage.Hash) error
	}{
		{"record dropped", audit.Gap, "record 4 follows record 2", at(3, func(*storage.Entry, *storage.Hash) error { return errDropped })},
		{"last record dropped", audit.Gap, "but its tail is record 8", at(8, func(*storage.Entry, *storage.Hash) error { return errDropped })},
		{"body edited", audit.Edited, "its hash", at(4, func(e *storage.Entry, _ *storage.Hash) error { e.Body[0] ^= 1; return nil })},
		{"entry edited, hash made to fit", audit.Edited, "record before", at(4, func(e *storage.Entry, hash *storage.Hash) error {
			e.Writer[0]++
			*hash = storage.HashEntry(e)
			return nil
		})},
		{"epoch without a claim", audit.EpochBroken, "without a claim", at(7, func(e *storage.Entry, hash *storage.Hash) error {
			e.Epoch++
			*hash = storage.HashEntry(e)
			return nil
		})},
		{"claim that skips an epoch", audit.EpochBroken, "claim raises epoch 1 to 3", at(6, func(e *storage.Entry, hash *storage.Hash) error {
			e.Epoch++
			*hash = storage.HashEntry(e)
			return nil
		})},
		{"the store says so itself", audit.Damaged, "bad sector", at(5, func(*storage.Entry, *storage.Hash) error {
			return &storage.CorruptError{Seq: 5, Why: "bad sector"}
		})},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			s.story()
			report := run(t, tampered{s.store, c.edit})
			expect(t, report, c.want, c.says)
		})
	}
}

func TestOneMistakeDoesNotFillTheScreen(t *testing.T) {
	s := newScene(t)
	for no := section.BookingNo(1); no <= 2*audit.FindingsMax; no++ {
		s.record(nil, nil, s.hold(no, 0))
	}
	report := run(t, s.store)
	if n := len(report.Findings); n != audit.FindingsMax+1 || report.Findings[n-1].Code != audit.More {
		t.Errorf("%d findings, the last %v", n, report.Findings[n-1])
	}
}

func TestProgressReachesTheEnd(t *testing.T) {
	s := newScene(t)
	s.story()
	var steps []string
	_, err := audit.Run(
		t.Context(), s.store,
		audit.Options{Progress: func(done, total int) { steps = append(steps, fmt.Sprint(done, "/", total)) }},
	)
	if err != nil || !slices.Equal(steps, []string{"1/1"}) {
		t.Errorf("steps %v, error %v", steps, err)
	}
}

// TestLostRecordsAreFoundByWhoeverRemembersThem guards P2: a log that lost its end is whole by itself.
func TestLostRecordsAreFoundByWhoeverRemembersThem(t *testing.T) {
	s := newScene(t)
	s.story()
	known := []audit.Acknowledged{{Section: s.key, Seq: s.tail.Seq, Hash: s.tail.Hash}}
	look := func() *audit.Report {
		t.Helper()
		report, err := audit.Run(
			t.Context(), s.store,
			audit.Options{Acknowledged: func(visit func(audit.Acknowledged)) {
				for _, a := range known {
					visit(a)
				}
			}},
		)
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	if report := look(); !report.Clean() {
		t.Fatalf("nothing is lost: %v", report.Findings)
	}
	known[0].Hash[0]++
	expect(t, look(), audit.Lost, "another record was acknowledged")
	known[0].Seq++
	expect(t, look(), audit.Lost, "the log ends at")
	known[0].Section.Event[0]++
	expect(t, look(), audit.Lost, "the event is not there")
	report, err := audit.Run(t.Context(), s.store, audit.Options{Missing: []string{"the write-ahead log is damaged"}})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, report, audit.Lost, "write-ahead")
	if v := report.Verdict(); v.Seats != audit.Unsound {
		t.Errorf("seats are %s", v.Seats)
	}
}
