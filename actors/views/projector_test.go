package views

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// statement gives one of testdata/readers.sql by its name.
func statement(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/readers.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "-- name: "+name+"\n")
	if !found {
		t.Fatalf("no statement %q", name)
	}
	body, _, _ := strings.Cut(rest, "-- name: ")
	return body
}

// house is a database with one event of three sections, and an author for each.
type house struct {
	t       testing.TB
	address string
	store   *sqlstore.Store
	event   *storage.Event
	plan    *venue.Venue
	authors []*author
	written map[storage.SectionKey][]storage.Entry // not in the store yet
	conn    *pgx.Conn
}

func open(t testing.TB, address string, o sqlstore.Options) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func newHouse(t testing.TB, records int) *house {
	t.Helper()
	h := &house{t: t, address: pgtest.Database(t), written: map[storage.SectionKey][]storage.Entry{}}
	h.store = open(t, h.address, sqlstore.Options{Migrate: true, AttemptTimeout: 30 * time.Second})
	h.event, h.plan = newEvent(t)
	if err := h.store.CreateEvent(t.Context(), h.event, h.plan.Encode()); err != nil {
		t.Fatal(err)
	}
	for i := range h.plan.Sections {
		key := storage.SectionKey{Event: h.event.ID, Section: storage.SectionNo(i)}
		h.authors = append(h.authors, newAuthor(t, key, h.plan.Layout(i), 7, h.keep(key)))
	}
	h.write(records)
	conn, err := pgx.Connect(t.Context(), h.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	h.conn = conn
	return h
}

// keep holds an author's entries until they are written.
func (h *house) keep(key storage.SectionKey) func(*storage.Entry, storage.Hash) {
	return func(e *storage.Entry, _ storage.Hash) { h.written[key] = append(h.written[key], *e) }
}

// write lets every author go on, and makes that durable in few transactions. Tickets, the engine's own guard, stay
// empty: the views come from the log alone.
func (h *house) write(records int) {
	for range records {
		for _, a := range h.authors {
			a.record(3)
		}
	}
	h.flush(h.store)
}

func (h *house) flush(store *sqlstore.Store) {
	for key, entries := range h.written {
		if err := store.Import(context.Background(), key, entries); err != nil {
			h.t.Error(err)
		}
		delete(h.written, key)
	}
}

func nameOf(key storage.SectionKey, no section.BookingNo) string {
	return fmt.Sprintf("%d/%d", key.Section, no)
}

// projector is ready to work; small pages make many transactions.
func (h *house) projector(o Options) *Projector {
	h.t.Helper()
	return projectorOn(h.t, h.store, o)
}

func projectorOn(t testing.TB, store *sqlstore.Store, o Options) *Projector {
	t.Helper()
	if err := store.Views().Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.Name = nameOf
	p := New(store, store.Views(), o)
	p.bounds.records = 7
	return p
}

// mustRound is a round without trouble.
func mustRound(t testing.TB, p *Projector) Round {
	t.Helper()
	r, err := p.Round(t.Context())
	if err != nil || len(r.Stopped) > 0 {
		t.Fatalf("round %+v: %v", r, err)
	}
	return r
}

func (h *house) rows(name string, args ...any) [][]any {
	h.t.Helper()
	found, err := h.conn.Query(context.Background(), statement(h.t, name), args...)
	if err != nil {
		h.t.Fatal(err)
	}
	all, err := pgx.CollectRows(found, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *house) exec(name string, args ...any) {
	h.t.Helper()
	if _, err := h.conn.Exec(context.Background(), statement(h.t, name), args...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) dump() []string {
	h.t.Helper()
	var lines []string
	for _, row := range h.rows("dump") {
		lines = append(lines, row[0].(string))
	}
	return lines
}

func (h *house) id() [16]byte { return h.event.ID }

// TestViewsAreTheCoresReplay holds what a reader sees against what the core replays, seat by seat (P10).
func TestViewsAreTheCoresReplay(t *testing.T) {
	h := newHouse(t, 250)
	r := mustRound(t, h.projector(Options{}))
	if !r.Complete || r.Events != 1 || r.Sections != 3 || r.Records != r.Lag {
		t.Errorf("round %+v", r)
	}
	var seats, bookings, tickets []string
	for i, a := range h.authors {
		s, b, k := h.expected(i, a)
		seats, bookings, tickets = append(seats, s...), append(bookings, b...), append(tickets, k...)
	}
	h.same("seats", seats)
	h.same("bookings", bookings)
	h.same("tickets", tickets)
	if len(tickets) == 0 || len(bookings) < 100 {
		t.Errorf("a dull story: %d bookings, %d tickets", len(bookings), len(tickets))
	}
	if note := h.rows("comment")[0][0]; note != "eventually consistent, derived from section_log, never consulted to grant" {
		t.Errorf("comment %q", note)
	}
}

// same compares a view with the expected lines, in any order.
func (h *house) same(view string, want []string) {
	h.t.Helper()
	var got []string
	for _, row := range h.rows(view, h.id()) {
		for i := range row {
			if at, is := row[i].(time.Time); is {
				row[i] = at.UnixMilli()
			}
		}
		got = append(got, fmt.Sprint(row...))
	}
	slices.Sort(got)
	slices.Sort(want)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			h.t.Fatalf(
				"%s: %d rows, by the core %d; the first that differs:\n got %v\nwant %v", view, len(got), len(want),
				got[min(i, len(got)):][:1], want[min(i, len(want)):][:1],
			)
		}
	}
}

// expected gives the views' rows of one section by the core alone.
func (h *house) expected(i int, a *author) (seats, bookings, tickets []string) {
	places := placesOf(h.event, h.plan, i)
	owner := map[section.SeatIndex]section.BookingNo{}
	label := h.event.Sections[i].ID
	var d section.Decision
	o := &d.Outcome
	buyerOf := func(no section.BookingNo) string {
		buyer, _ := a.state.Owner(no)
		return hex.EncodeToString(buyer[:])
	}
	for no := section.BookingNo(1); no <= a.last; no++ {
		a.state.Lookup(no, &d)
		var ids []string
		amount, live := int64(0), o.State <= section.BookingConfirmed
		for _, seat := range o.Seats {
			ids, amount = append(ids, places[seat].ID), amount+places[seat].Price
			if live {
				owner[seat] = no
			}
			if o.State == section.BookingConfirmed {
				tickets = append(tickets, fmt.Sprint(label, places[seat].ID, nameOf(a.key, no), buyerOf(no)))
			}
		}
		bookings = append(
			bookings,
			fmt.Sprint(
				label, nameOf(a.key, no), o.State.String(), strings.Join(ids, " "), amount, buyerOf(no),
				int64(o.ExpiresAt), o.State == section.BookingConfirmed || o.State == section.BookingRefunded, !live,
			),
		)
	}
	words := map[section.SeatStatus]string{
		section.Available: "available", section.Held: "held", section.Sold: "sold",
		section.Blocked: "blocked",
	}
	for seat := range places {
		index := section.SeatIndex(seat)
		state, name, buyer := "", "", ""
		if no := owner[index]; no != 0 {
			a.state.Lookup(no, &d)
			state, name, buyer = o.State.String(), nameOf(a.key, no), buyerOf(no)
		}
		seats = append(
			seats,
			fmt.Sprint(label, places[seat].ID, words[a.state.Status(index)], state, name, buyer, places[seat].Price),
		)
	}
	return seats, bookings, tickets
}

// TestDroppedAndRebuiltIsEqual: emptied or dropped whole, the rows come back the same, and truth was never touched.
func TestDroppedAndRebuiltIsEqual(t *testing.T) {
	h := newHouse(t, 60)
	mustRound(t, h.projector(Options{}))
	want := h.dump()
	if err := h.store.Views().Empty(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := h.dump(); len(left) != 0 {
		t.Fatalf("%d rows left", len(left))
	}
	mustRound(t, h.projector(Options{}))
	h.equal(want, "emptied")
	for range 2 { // the second time there is nothing to drop
		if err := h.store.Views().Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if there := h.rows("schema_is_there")[0][0]; there != int64(0) {
		t.Fatal("the schema is still there")
	}
	mustRound(t, h.projector(Options{}))
	h.equal(want, "dropped")
}

func (h *house) equal(want []string, when string) {
	h.t.Helper()
	got := h.dump()
	if !slices.Equal(got, want) {
		h.t.Fatalf("%s: %d rows, want %d, or others", when, len(got), len(want))
	}
}

// rebuilt is what a projection made anew looks like.
func (h *house) rebuilt() []string {
	h.t.Helper()
	p := h.projector(Options{})
	if err := h.store.Views().Empty(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	mustRound(h.t, p)
	return h.dump()
}

// TestManyProjectorsAtOnceAreAsOne: three of them prepare, enrol and project together while the log grows, at both
// isolation levels.
func TestManyProjectorsAtOnceAreAsOne(t *testing.T) {
	for _, level := range []string{"read committed", "serializable"} {
		h := newHouse(t, 40)
		written := make(chan struct{})
		var all sync.WaitGroup
		for range 3 {
			store := open(t, h.address, sqlstore.Options{AttemptTimeout: 30 * time.Second, Isolation: level})
			all.Go(func() {
				if err := store.Views().Prepare(t.Context()); err != nil {
					t.Errorf("%s: prepare: %v", level, err)
					return
				}
				p := New(store, store.Views(), Options{Name: nameOf})
				p.bounds.records = 7
				for last, moved := false, true; !last || moved; {
					select {
					case <-written:
						last = true
					default:
					}
					r, err := p.Round(t.Context())
					if err != nil || len(r.Stopped) > 0 {
						t.Errorf("%s: round %+v: %v", level, r, err)
						return
					}
					moved = !r.Complete || r.Records > 0
				}
			})
		}
		for range 60 {
			h.write(1)
		}
		close(written)
		all.Wait()
		together := h.dump()
		if alone := h.rebuilt(); !slices.Equal(together, alone) {
			t.Errorf("%s: three projectors made %d rows, one makes %d, or others", level, len(together), len(alone))
		}
	}
}

// TestKilledAnywhereItGoesOn: a projector is cut off after each page of a long log in turn.
func TestKilledAnywhereItGoesOn(t *testing.T) {
	h := newHouse(t, 40)
	kills := 0
	for {
		ctx, kill := context.WithCancel(t.Context())
		p := h.projector(Options{Parallel: 2, Progress: func(_, _ uint64) { kill() }})
		r, err := p.Round(ctx)
		kill()
		if len(r.Stopped) > 0 {
			t.Fatalf("stopped: %v", r.Stopped)
		}
		if err == nil && r.Records == 0 {
			break
		}
		kills++
	}
	if kills < 5 {
		t.Fatalf("killed %d times only", kills)
	}
	resumed := h.dump()
	if whole := h.rebuilt(); !slices.Equal(resumed, whole) {
		t.Errorf("%d kills left %d rows, one run makes %d, or others", kills, len(resumed), len(whole))
	}
}

// TestDamagedLogStopsItsSectionAlone: up to the record before the damage, everything is shown; the others go on (P10).
func TestDamagedLogStopsItsSectionAlone(t *testing.T) {
	h := newHouse(t, 40)
	h.exec("damage", h.id(), 1, 20)
	p := h.projector(Options{})
	r, err := p.Round(t.Context())
	if err != nil || len(r.Stopped) != 1 || !p.Damaged() {
		t.Fatalf("round %+v: %v", r, err)
	}
	var corrupt *storage.CorruptError
	if stop := r.Stopped[0]; stop.Section.Section != 1 || !errors.As(stop.Err, &corrupt) || corrupt.Seq != 20 {
		t.Errorf("stopped %v: %v", stop.Section, stop.Err)
	}
	h.reached(0, h.authors[0].tail.Seq)
	h.reached(1, 19)
	h.reached(2, h.authors[2].tail.Seq)
	if again, err := p.Round(t.Context()); err != nil || len(again.Stopped) != 0 {
		t.Errorf("told twice: %+v %v", again, err)
	}
	if len(h.rows("complete_to")) != 1 || h.rows("complete_to")[0][0] != nil {
		t.Error("called complete with a section missing")
	}
}

func (h *house) reached(number int, want section.Seq) {
	h.t.Helper()
	if got := h.rows("reached", h.id(), number)[0][0]; got != int64(want) {
		h.t.Errorf("section %d reached %v, want %d", number, got, want)
	}
}

// TestCutLogIsFollowedOrRefused: a projection that has passed the cut goes on; one that has not says what it lacks.
func TestCutLogIsFollowedOrRefused(t *testing.T) {
	h := newHouse(t, 30)
	mustRound(t, h.projector(Options{}))
	stood := h.authors[0].tail.Seq
	h.write(10)
	h.exec("cut", h.id(), 0, int64(stood)-1)
	mustRound(t, h.projector(Options{}))
	h.reached(0, h.authors[0].tail.Seq)
	if err := h.store.Views().Empty(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := h.projector(Options{}).Round(t.Context())
	var cut *CutError
	if err != nil || len(r.Stopped) != 1 || !errors.As(r.Stopped[0].Err, &cut) || cut.FirstKept != stood ||
		cut.Reached != 0 {
		t.Fatalf("round %+v: %v", r, err)
	}
	h.reached(1, h.authors[1].tail.Seq)
}

// TestAnotherLogIsNotMixedIn: the same section with another history, longer, shorter or as long, is noticed and rebuilt
// on request.
func TestAnotherLogIsNotMixedIn(t *testing.T) {
	h := newHouse(t, 20)
	for i, records := range []int{3, 60, 0} { // shorter, longer, none at all
		h.rebuilt()
		h.exec("cut", h.id(), 2, 1_000_000)
		if records > 0 {
			fresh := open(t, h.address, sqlstore.Options{}) // the first one remembers the tail
			other := newAuthor(t, h.authors[2].key, h.plan.Layout(2), uint64(i), h.keep(h.authors[2].key))
			for range records {
				other.record(3)
			}
			h.flush(fresh)
		}
		r, err := h.projector(Options{}).Round(t.Context())
		if err != nil || len(r.Stopped) != 1 || r.Stopped[0].Section.Section != 2 ||
			!strings.Contains(r.Stopped[0].Err.Error(), "rebuild") {
			t.Errorf("%d records: round %+v: %v", records, r, err)
		}
	}
}
