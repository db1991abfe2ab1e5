package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// snapshotAt is a snapshot whose whole content follows from its seq; it is of several parts.
func snapshotAt(seq section.Seq) storage.Snapshot {
	return storage.Snapshot{
		Seq: seq, Epoch: section.Epoch(seq), Hash: storage.Hash{byte(seq)},
		Body: bytes.Repeat([]byte{byte(seq), byte(seq >> 8)}, partBytes+int(seq)*1000),
	}
}

func wantSnapshot(t *testing.T, got storage.Snapshot) {
	t.Helper()
	want := snapshotAt(got.Seq)
	if got.Epoch != want.Epoch || got.Hash != want.Hash || !bytes.Equal(got.Body, want.Body) {
		t.Errorf("the snapshot of seq %d came back as another one's", got.Seq)
	}
}

// TestASnapshotIsLoadedWholeWhileItIsReplaced: writers replace a snapshot as fast as they can; who loads sees one of
// them, never a mixture, never a damaged one, and never an older one than before.
func TestASnapshotIsLoadedWholeWhileItIsReplaced(t *testing.T) {
	for _, isolation := range isolations {
		t.Run(isolation, func(t *testing.T) {
			s, key := openAt(t, pgtest.Shared(t).Database(t), Options{Isolation: isolation}), newKey()
			if err := s.SaveSnapshot(t.Context(), key, snapshotAt(1)); err != nil {
				t.Fatal(err)
			}
			var writers sync.WaitGroup
			for first := range section.Seq(3) {
				writers.Go(func() {
					for seq := first + 2; seq <= 20; seq += 3 {
						if err := s.SaveSnapshot(t.Context(), key, snapshotAt(seq)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			done := make(chan struct{})
			go func() { writers.Wait(); close(done) }()
			last := section.Seq(0)
			for saving := true; saving; {
				select {
				case <-done:
					saving = false
				default:
				}
				got, err := s.LoadSnapshot(t.Context(), key)
				if err != nil {
					t.Fatal(err)
				}
				wantSnapshot(t, got)
				if got.Seq < last {
					t.Errorf("after the snapshot of seq %d came that of %d", last, got.Seq)
				}
				last = got.Seq
			}
			if last != 20 {
				t.Errorf("the newest snapshot is of seq %d, want 20", last)
			}
		})
	}
}

func TestOldPartsOfASnapshotGo(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	s, key := openAt(t, address, Options{}), newKey()
	for _, size := range []int{5*partBytes + 1, 0, 1, partBytes, partBytes + 1} {
		snapshot := snapshotAt(section.Seq(size + 1))
		snapshot.Body = bytes.Repeat([]byte{7}, size)
		if err := s.SaveSnapshot(t.Context(), key, storage.Snapshot{Seq: 1, Body: snapshot.Body}); err != nil {
			t.Fatal(err)
		}
		var parts, upTo, snapshots int
		ask1(t, address, rightsSQL("count_parts"), []any{[16]byte(key.Event)}, &parts, &upTo, &snapshots)
		if want := max(1, (size+partBytes-1)/partBytes); parts != want || upTo != want || snapshots != 1 {
			t.Errorf("%d bytes are %d parts up to %d of %d snapshots, want %d of one", size, parts, upTo, snapshots,
				want)
		}
		got, err := s.LoadSnapshot(t.Context(), key)
		if err != nil || !bytes.Equal(got.Body, snapshot.Body) {
			t.Errorf("%d bytes came back as %d, %v", size, len(got.Body), err)
		}
	}
}

func TestADamagedSnapshotIsNotGuessed(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	s := openAt(t, address, Options{})
	for _, c := range []struct {
		damage string
		args   []any
	}{{"lose_part", nil}, {"lose_parts", nil}, {"damage_part", []any{[]byte{1}}}, {"damage_head", nil}} {
		t.Run(c.damage, func(t *testing.T) {
			key := newKey()
			if err := s.SaveSnapshot(t.Context(), key, snapshotAt(3)); err != nil {
				t.Fatal(err)
			}
			if n := behind(t, address, rightsSQL(c.damage), append([]any{[16]byte(key.Event)}, c.args...)...); n == 0 {
				t.Fatal("nothing was damaged")
			}
			_, err := s.LoadSnapshot(t.Context(), key)
			var corrupt *storage.CorruptError
			if !errors.As(err, &corrupt) || corrupt.Section != key || corrupt.Seq != 0 {
				t.Errorf("got %v, want a *CorruptError of the section", err)
			}
			if err := s.SaveSnapshot(t.Context(), key, snapshotAt(9)); err != nil {
				t.Fatal(err)
			}
			got, err := s.LoadSnapshot(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			wantSnapshot(t, got)
		})
	}
}

func exampleEvent() *storage.Event {
	return &storage.Event{
		ID: storage.NewEventID(), Name: "Nachtmusik — Gold & Müller's \"Best\"", StartsAt: 2_000_000_000_000,
		CreatedAt: 1_700_000_000_001,
		Currency:  "EUR", Sale: storage.SalePaused, Prices: map[string]int64{"b": 1 << 60, "a": 1},
		Sections: []storage.SectionInfo{{ID: "A", Name: "Left", Seats: 10}}, Create: section.RequestID{1, 255},
		CreateFingerprint: 1<<64 - 1,
	}
}

// TestAnEventSentAgainFindsItself: after an unknown outcome the same event is sent again. If its own row is what it
// meets, it was made; another event's row is still ErrExists (P5).
func TestAnEventSentAgainFindsItself(t *testing.T) {
	s, ctx := openAt(t, pgtest.Shared(t).Database(t), Options{}), t.Context()
	e, venue := exampleEvent(), bytes.Repeat([]byte("venue"), partBytes)
	if err := s.CreateEvent(ctx, e, venue); err != nil {
		t.Fatal(err)
	}
	again := func(e *storage.Event, venue []byte, sentBefore bool) error {
		header, err := storage.EncodeEvent(e)
		if err != nil {
			t.Fatal(err)
		}
		return s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
			return createEvent(ctx, tx, e, header, venue, sentBefore)
		})
	}
	if err := again(e, venue, true); err != nil {
		t.Errorf("P5: sent again: %v", err)
	}
	if err := again(e, venue, false); !errors.Is(err, storage.ErrExists) {
		t.Errorf("made twice on purpose: %v", err)
	}
	if err := s.SetSale(ctx, e.ID, storage.SaleOpen, storage.OperatorKey{}); err != nil {
		t.Fatal(err)
	}
	if err := again(e, venue, true); err != nil {
		t.Errorf("P5: sent again after its sale was opened: %v", err)
	}
	if err := again(e, venue[1:], true); !errors.Is(err, storage.ErrExists) {
		t.Errorf("another venue: %v", err)
	}
	other := e.Clone()
	other.Name = "another"
	if err := again(other, venue, true); !errors.Is(err, storage.ErrExists) {
		t.Errorf("another event: %v", err)
	}
}

func TestAVenueThatIsNotWholeIsNotGuessed(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	s, e := openAt(t, address, Options{}), exampleEvent()
	if err := s.CreateEvent(t.Context(), e, make([]byte, 2*partBytes+1)); err != nil {
		t.Fatal(err)
	}
	behind(t, address, rightsSQL("lose_venue_part"), [16]byte(e.ID))
	if venue, err := s.Venue(t.Context(), e.ID); !errors.Is(err, storage.ErrFormat) {
		t.Errorf("a part is missing: %d bytes, %v", len(venue), err)
	}
}

// TestEventsAreListedOverPages: more events than a page holds.
func TestEventsAreListedOverPages(t *testing.T) {
	s := openAt(t, pgtest.Shared(t).Database(t), Options{})
	want := make([]storage.EventID, eventsPage+3)
	next := make(chan int, len(want))
	for i := range want {
		want[i] = storage.NewEventID()
		next <- i
	}
	close(next)
	var operators sync.WaitGroup
	for range connectionsBesides {
		operators.Go(func() {
			for i := range next {
				e := exampleEvent()
				e.ID, e.CreatedAt = want[i], section.Instant(i)
				if err := s.CreateEvent(t.Context(), e, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	operators.Wait()
	all, err := s.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []storage.EventID
	for _, e := range all {
		got = append(got, e.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d events listed, want the %d made, in order", len(got), len(want))
	}
}

// TestTenNodesMakeOneSecret: the key of ticket codes is made on first use, by whoever is first.
func TestTenNodesMakeOneSecret(t *testing.T) {
	for _, isolation := range isolations {
		t.Run(isolation, func(t *testing.T) {
			address := pgtest.Shared(t).Database(t)
			stores := make([]*Store, 10)
			for i := range stores {
				stores[i] = openAt(t, address, Options{Isolation: isolation})
			}
			var (
				secrets [10][32]byte
				nodes   sync.WaitGroup
				start   = make(chan struct{})
			)
			for i, s := range stores {
				nodes.Go(func() {
					<-start
					var err error
					if secrets[i], err = s.Secret(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			close(start)
			nodes.Wait()
			for i := range secrets {
				if secrets[i] != secrets[0] || secrets[i] == ([32]byte{}) {
					t.Errorf("node %d has another secret than node 0", i)
				}
			}
		})
	}
}

func TestAPaymentIsOnePayment(t *testing.T) {
	for _, isolation := range isolations {
		t.Run(isolation, func(t *testing.T) {
			s := openAt(t, pgtest.Shared(t).Database(t), Options{Isolation: isolation})
			var (
				nodes   sync.WaitGroup
				answers [20]storage.PaymentRow
			)
			for i := range answers {
				nodes.Go(func() {
					row := storage.PaymentRow{ID: "one", Status: fmt.Sprint("by ", i), Amount: int64(i),
						Currency: "EUR"}
					var err error
					if answers[i], err = s.PutPayment(t.Context(), row); err != nil {
						t.Error(err)
					}
				})
			}
			nodes.Wait()
			stands, err := s.Payment(t.Context(), "one")
			if err != nil {
				t.Fatal(err)
			}
			for i, answer := range answers {
				if answer != stands {
					t.Errorf("P6: node %d was told %+v, and %+v stands", i, answer, stands)
				}
			}
		})
	}
}

func TestAPaymentIsOverwrittenOnlyWhereAsked(t *testing.T) {
	s, ctx := openAt(t, pgtest.Shared(t).Database(t), Options{}), t.Context()
	if _, err := s.Payment(ctx, "p"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a payment that is not there: %v", err)
	}
	for i, c := range []struct {
		status string
		over   []string
		stands string
	}{
		{"pending", nil, "pending"},
		{"charged", nil, "pending"},
		{"charged", []string{"declined"}, "pending"},
		{"charged", []string{"declined", "pending"}, "charged"},
		{"charged", []string{"pending"}, "charged"},
		{"refunded", []string{"charged"}, "refunded"},
	} {
		got, err := s.PutPayment(ctx, storage.PaymentRow{ID: "p", Status: c.status, Amount: 5, Currency: "EUR"},
			c.over...)
		if err != nil || got != (storage.PaymentRow{ID: "p", Status: c.stands, Amount: 5, Currency: "EUR"}) {
			t.Errorf("step %d: %+v stands, want %s: %v", i, got, c.stands, err)
		}
	}
	row := storage.PaymentRow{ID: "d", Status: "captured", Amount: 5, Currency: "EUR", Detail: `{"revision":1}`}
	next := row
	next.Detail = `{"revision":2}`
	for i, c := range []struct {
		row    storage.PaymentRow
		over   string
		stands storage.PaymentRow
	}{{row, "", row}, {next, "captured", row}, {next, row.State(), next}, {row, row.State(), next}} {
		if got, err := s.PutPayment(ctx, c.row, c.over); err != nil || got != c.stands {
			t.Errorf("P6: detail %d: %+v stands, want %+v: %v", i, got, c.stands, err)
		}
	}
	for _, id := range []string{"é", "Z", "a-b", "ab", "a b"} {
		if _, err := s.PutPayment(ctx, storage.PaymentRow{ID: id, Status: "pending"}); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	err := s.Payments(ctx, func(p storage.PaymentRow) error {
		ids = append(ids, p.ID)
		return nil
	})
	if want := []string{"Z", "a b", "a-b", "ab", "d", "p", "é"}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("payments are listed as %q, want %q: %v", ids, want, err)
	}
}

// TestVisitMayCallTheStore: pages are asked for one by one, and no connection is held between.
func TestVisitMayCallTheStore(t *testing.T) {
	s, key := openAt(t, pgtest.Shared(t).Database(t), Options{AppendConcurrency: 1}), newKey()
	want := make([]section.Ticket, ticketsPage+5)
	for i := range want {
		want[i] = section.Ticket{Seat: section.SeatIndex(i), Booking: section.BookingNo(i) + 1}
	}
	if err := s.ImportTickets(t.Context(), key, want); err != nil {
		t.Fatal(err)
	}
	var got []section.Ticket
	err := s.Tickets(t.Context(), key, func(row section.Ticket) error {
		got = append(got, row)
		if row.Seat%1000 == 0 {
			_, err := s.Tail(t.Context(), key)
			return err
		}
		return nil
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d tickets of %d came: %v", len(got), len(want), err)
	}
}
