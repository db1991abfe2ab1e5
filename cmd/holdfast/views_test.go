package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/storage"
)

// reader asks the views what a person would.
type reader struct {
	t    *testing.T
	conn *pgx.Conn
}

func newReader(t *testing.T, s *onlineSale) *reader {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return &reader{t, conn}
}

// lines are a statement's rows of one text each; none when the views are not there (yet).
func (r *reader) lines(statement string, args ...any) []string {
	rows, err := r.conn.Query(context.Background(), statement, args...)
	if err != nil {
		return nil
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil
	}
	return all
}

// everything is what the views show, times of looking apart.
func (r *reader) everything() []string {
	return r.lines(`SELECT 'seat ' || to_jsonb(s)::TEXT FROM people.seats_now AS s
		UNION ALL SELECT 'booking ' || to_jsonb(b)::TEXT FROM people.bookings AS b
		UNION ALL SELECT 'ticket ' || to_jsonb(t)::TEXT FROM people.tickets AS t ORDER BY 1`)
}

// TestViewsFollowASale: while an engine sells, a projector keeps up; what it shows at the end is the public map,
// booking by booking.
func TestViewsFollowASale(t *testing.T) {
	s := newOnlineSale(t)
	r := newReader(t, s)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		ended <- run(ctx, []string{"views", "--store", s.owner, "--follow", "--interval", "5ms"}, &bytes.Buffer{},
			&errs)
	}()
	s.during(time.Second, 1, func() {
		waitFor(t, func() bool { return len(r.lines(`SELECT seat FROM people.tickets`)) > 3 })
	})
	var view actors.BookingView
	waitFor(t, func() bool { // the house may be full of holds and payments under way
		view = s.buy(actors.Caller{Buyer: section.BuyerID{99}}, "")
		return view.ID.No != 0
	})
	waitFor(t, func() bool { // on a busy machine the hold may have ended before anybody looks
		states := r.lines(`SELECT state FROM people.bookings WHERE booking_id = $1::TEXT`, view.ID.String())
		return slices.Equal(states, []string{"held"}) || slices.Equal(states, []string{"expired"})
	})
	waitFor(t, func() bool { // the hold heals itself, and the view tells
		return slices.Equal(r.lines(`SELECT state FROM people.bookings WHERE booking_id = $1::TEXT`, view.ID.String()),
			[]string{"expired"})
	})
	waitFor(t, func() bool { // until nothing is under way any more, payments in doubt included
		return len(r.lines(`SELECT state FROM people.bookings WHERE state IN ('held', 'paying')`)) == 0 &&
			r.letters() == s.letters()
	})
	stop()
	if code := <-ended; code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	if !strings.Contains(errs.String(), "lag_max=") {
		t.Errorf("no word of the lag: %s", errs.String())
	}
	followed := r.everything()
	if code, out := tool(t, "views", "--store", s.owner, "--rebuild"); code != exitOK ||
		!strings.Contains(out, " changes in ") {
		t.Fatalf("rebuild: %d %s", code, out)
	}
	if rebuilt := r.everything(); len(rebuilt) < 120 || !slices.Equal(followed, rebuilt) {
		t.Errorf("followed %d rows, rebuilt %d, or others; those that were not there before: %v", len(followed),
			len(rebuilt),
			slices.DeleteFunc(rebuilt, func(line string) bool { return slices.Contains(followed, line) }))
	}
	if code, out := tool(t, "views", "--store", s.owner, "--drop"); code != exitOK || r.everything() != nil {
		t.Errorf("drop: %d %s", code, out)
	}
	s.audit(exitOK) // truth was not touched
}

// letters is the map as the views have it, in the public one's letters.
func (r *reader) letters() string {
	return strings.Join(r.lines(`SELECT string_agg(substr(status, 1, 1), '' ORDER BY s.seat_no)
		FROM people.seats_now JOIN people.seat AS s USING (event_id, seat) GROUP BY section ORDER BY section`), "/")
}

// letters is the engine's own map.
func (s *onlineSale) letters() string {
	live, err := s.engine.Live(s.t.Context(), s.event)
	if err != nil {
		s.t.Fatal(err)
	}
	var sections []string
	live.Read(func(_ storage.SectionNo, status actors.SectionStatus) {
		sections = append(sections, string(status.Letters))
	})
	return strings.Join(sections, "/")
}

func waitFor(t *testing.T, what func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !what(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("waited for a minute")
		}
	}
}

// TestViewsSayWhatTheyCannotShow: a damaged log is exit code 1 with its section named, one that cannot be asked is exit
// code 2.
func TestViewsSayWhatTheyCannotShow(t *testing.T) {
	s := newOnlineSale(t)
	s.buy(actors.Caller{Buyer: section.BuyerID{1}}, "tok_ok")
	s.sql(`UPDATE section_log SET body = body || '\x00'::BYTEA WHERE seq = 2`)
	if code, out := tool(t, "views", "--store", s.owner); code != exitFindings || !strings.Contains(out, "STOPPED") ||
		!strings.Contains(out, "record 2") {
		t.Errorf("damaged: %d %s", code, out)
	}
	for _, args := range [][]string{
		{"--store", "mysql://u:" + secretWord + "@h/d"}, {"--store",
			"postgres://u:" + secretWord + "@127.0.0.1:1/d?sslmode=disable"},
		{"--store", s.owner, "--drop", "--follow"}, {"--store", s.owner, "--parallel", "0"}, {},
	} {
		if code, out := tool(t, append([]string{"views"}, args...)...); code != exitFailed ||
			strings.Contains(out, secretWord) {
			t.Errorf("%v: %d %s", args, code, out)
		}
	}
}

// TestViewsShowAnOrderAsOneBooking: seats of two sections that are bought in one booking are one row, with both
// sections and what is left of its price after a refund of one seat; so is the map, seat by seat.
func TestViewsShowAnOrderAsOneBooking(t *testing.T) {
	s := newOnlineSale(t)
	r := newReader(t, s)
	who, views := actors.Caller{Buyer: section.BuyerID{7}}, func() {
		t.Helper()
		if code, out := tool(t, "views", "--store", s.owner); code != exitOK {
			t.Fatalf("%d %s", code, out)
		}
	}
	var view actors.BookingView
	waitFor(t, func() bool { // on a busy machine the hold may have ended before it is paid
		call := &actors.BookCall{Event: s.event, Caller: who, Seats: []string{"A-1-1", "B-1-1", "B-1-2"}}
		return s.engine.Book(call, 10*time.Second, &view) == nil &&
			s.engine.Confirm(view.ID, who, "tok_ok", 10*time.Second, &view) == nil && !view.Confirming
	})
	line := func() string {
		all := r.lines(`SELECT concat_ws(' ', state, array_to_string(sections, '+'), array_to_string(seats, ','),
			amount, confirming) FROM people.bookings WHERE booking_id = $1::TEXT`, view.ID.String())
		return strings.Join(all, ";")
	}
	views()
	if got := line(); got != "confirmed A+B A-1-1,B-1-1,B-1-2 13500 f" {
		t.Errorf("sold: %q", got)
	}
	seats := r.lines(`SELECT seat FROM people.tickets WHERE booking_id = $1::TEXT ORDER BY seat`, view.ID.String())
	if !slices.Equal(seats, view.Seats) || r.letters() != s.letters() {
		t.Errorf("tickets %v of %v, map %s of %s", seats, view.Seats, r.letters(), s.letters())
	}
	refund := actors.RefundCall{Seats: []string{"B-1-1"}}
	if err := s.engine.Refund(view.ID, actors.Caller{Operator: true}, refund, 10*time.Second, &view); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		views()
		return line() == "confirmed A+B A-1-1,B-1-2 9000 f" && r.letters() == s.letters()
	})
	legs := r.lines(`SELECT concat_ws(' ', section, state, array_to_string(seats, ',')) FROM people.legs
		WHERE booking_id = $1::TEXT`, view.ID.String())
	if !slices.Equal(legs, []string{"B confirmed B-1-2"}) {
		t.Errorf("legs %v", legs)
	}
}
