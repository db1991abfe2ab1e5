package api

import (
	"errors"
	"fmt"
	"testing"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/problem"
)

const (
	fakeEvent   = "/v1/events/00000000-0000-4000-8000-000000000001"
	seatRequest = `{"seats":["A-1-1"]}`
)

var fakeBooking = "/v1/bookings/" + string(actors.AppendBookingID(nil, actors.BookingID{No: 1}))

// Every condition and every rejection has its one answer.
func TestEveryConditionHasItsAnswer(t *testing.T) {
	engine := &fakeEngine{}
	h := openOver(t, engine, &lockedBuffer{}, nil)
	rows := []struct {
		err    error
		status int
		code   string
		retry  string
	}{
		{actors.ErrEventUnknown, 404, "event_unknown", ""},
		{actors.ErrSaleNotOpen, 409, "sale_not_open", ""},
		{actors.ErrOverloaded, 503, "overloaded", "1"},
		{fmt.Errorf("deep inside: %w", actors.ErrUnavailable), 503, "unavailable", "1"},
		{actors.ErrMoved, 503, "moved", "1"},
		{fmt.Errorf("a search: %w", actors.ErrMoved), 503, "moved", "1"},
		{actors.ErrTimeout, 503, "outcome_unknown", "2"},
		{actors.ErrSections, 422, "too_many_sections", ""},
		{&actors.NotTogetherError{Free: 4, Largest: 2, Section: "A"}, 409, "not_together", ""},
		{fmt.Errorf("wrapped: %w", &actors.NotTogetherError{Free: 4, Largest: 2}), 409, "not_together", ""},
		{actors.ErrMismatch, 422, "idempotency_mismatch", ""},
		{actors.ErrSectionUnknown, 422, "section_unknown", ""},
		{actors.ErrCategory, 422, "category_unknown", ""},
		{&actors.SeatsUnknownError{Seats: []string{"Z-1"}}, 404, "seat_unknown", ""},
		{fmt.Errorf("wrapped: %w", &actors.Refusal{Code: section.SeatTaken,
			Seats: []string{"A-1-1"}}), 409, "seat_taken", ""},
		{&actors.Refusal{Code: section.PaymentInProgress}, 409, "payment_in_progress", "1"},
		{errors.New("a surprise"), 500, "internal", ""},
	}
	for _, row := range rows {
		engine.book = func(*actors.BookCall, *actors.BookingView) error { return row.err }
		a := h.do("POST", fakeEvent+"/bookings", alice, seatRequest).want(row.status, row.code)
		if got := a.header.Get("Retry-After"); got != row.retry {
			t.Errorf("%s: Retry-After %q, want %q", row.code, got, row.retry)
		}
	}
	for code := section.IdempotencyMismatch; code <= section.SoldOut; code++ {
		k, surprise := problem.Classify(&actors.Refusal{Code: code})
		if surprise {
			t.Fatalf("rejection %d has no answer", code)
		}
		engine.book = func(*actors.BookCall, *actors.BookingView) error { return &actors.Refusal{Code: code} }
		h.do("POST", fakeEvent+"/bookings", alice, seatRequest).want(k.Status, k.Code)
	}
}

func TestDeclineAndPaying(t *testing.T) {
	engine := &fakeEngine{}
	h := openOver(t, engine, &lockedBuffer{}, nil)
	paying := h.do("POST", fakeBooking+"/confirm", alice, `{"payment_token":"tok_slow"}`).want(202, "")
	if paying.booking().State != "paying" || paying.header.Get("Retry-After") == "" {
		t.Fatalf("%s", paying.body)
	}
	engine.other = actors.ErrDeclined
	h.do("POST", fakeBooking+"/confirm", alice, `{"payment_token":"tok_x"}`).want(402, "payment_declined")
}

// P3: a crash in the middle is an unknown outcome; the connection and the server live on.
func TestPanicIsAnAnswer(t *testing.T) {
	engine := &fakeEngine{}
	logs := &lockedBuffer{}
	h := openOver(t, engine, logs, nil)
	engine.book = func(*actors.BookCall, *actors.BookingView) error { panic("broken") }
	h.do("POST", fakeEvent+"/bookings", alice, seatRequest).want(500, "internal")
	engine.book = func(call *actors.BookCall, out *actors.BookingView) error {
		*out = actors.BookingView{State: section.BookingHeld, Seats: call.Seats, ExpiresAt: 1, Currency: "EUR"}
		return nil
	}
	h.do("POST", fakeEvent+"/bookings", alice, seatRequest).want(201, "")
	if logs.String() == "" {
		t.Fatal("a panic was not logged")
	}
}

func TestReadiness(t *testing.T) {
	engine := &fakeEngine{ready: errors.New("sections are loading")}
	h := openOver(t, engine, &lockedBuffer{}, nil)
	h.do("GET", "/readyz", nobody, "").want(503, "not_ready")
	h.do("GET", "/healthz", nobody, "").want(200, "")
	engine.ready = nil
	h.do("GET", "/readyz", nobody, "").want(200, "")
}
