package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"holdfast/api/wire"
)

func (f *fake) book(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	f.keys = append(f.keys, key)
	if next := f.nextScript(); next != nil && next(w) {
		return
	}
	first := f.byKey[key]
	var wish wire.Book
	switch err := json.NewDecoder(r.Body).Decode(&wish); {
	case !f.identified(r):
		f.refuse(w, 401, "unauthorized")
	case err != nil || key == "":
		f.refuse(w, 400, "bad_request")
	case first != nil:
		f.answer(w, 201, first)
	case f.room != nil && !f.room.admits(r.Header.Get("Queue-Admission")):
		f.refuse(w, 403, "admission_expired")
	default:
		f.placeHold(w, key, wish)
	}
}

// nextScript is what a test wants the next wish to be answered with, or nil.
func (f *fake) nextScript() (next script) {
	if len(f.scripted) > 0 {
		next, f.scripted = f.scripted[0], f.scripted[1:]
	}
	return next
}

func (f *fake) placeHold(w http.ResponseWriter, key string, wish wire.Book) {
	seats := wish.Seats
	if wish.BestAvailable != nil {
		seats = f.best(*wish.BestAvailable)
	}
	var lost []string
	for _, id := range seats {
		if f.letter(id) != 'a' {
			lost = append(lost, id)
		}
	}
	if len(lost) > 0 {
		f.refuse(w, 409, "seat_taken", lost...)
		return
	}
	if len(seats) == 0 {
		f.refuse(w, 409, "sold_out")
		return
	}
	b := &wire.Booking{ID: "b" + strconv.Itoa(len(f.bookings)+1), Event: eventID, State: "held",
		Seats: seats, Total: f.total(seats)}
	f.expireIn(b, f.ttl)
	f.mark('h', 0, seats...)
	f.bookings[b.ID], f.byKey[key] = b, b
	f.answer(w, 201, b)
}

func (f *fake) best(wish wire.BestAvailable) []string {
	for _, s := range f.house.Sections {
		if wish.Section != "" && wish.Section != s.ID {
			continue
		}
		var run []string
		for _, row := range s.Rows {
			run = run[:0]
			for _, seat := range row.Seats {
				if f.letter(seat.ID) != 'a' {
					run = run[:0]
					continue
				}
				if run = append(run, seat.ID); len(run) == int(wish.Quantity) {
					return run
				}
			}
		}
	}
	return nil
}

func (f *fake) expireIn(b *wire.Booking, d time.Duration) {
	at := wire.OffsetTime{Time: wire.Time(time.Now().Add(d).UnixMilli())}
	b.ExpiresAt = &at
}

// booking finds a booking and lets decide change it; decide answers a status and a problem code.
func (f *fake) booking(decide func(b *wire.Booking, r *http.Request) (int, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b := f.bookings[r.PathValue("b")]
		if !f.identified(r) {
			f.refuse(w, 401, "unauthorized")
			return
		}
		if r.Method != http.MethodGet {
			f.changeKeys = append(f.changeKeys, r.Header.Get("Idempotency-Key"))
			if next := f.nextScript(); next != nil && next(w) {
				return
			}
		}
		if f.deaf {
			panic(http.ErrAbortHandler)
		}
		if f.travels && r.Method == http.MethodGet {
			f.answer(w, 200, f.withTickets(r.PathValue("b")))
			return
		}
		if b == nil {
			f.refuse(w, 404, "booking_unknown")
			return
		}
		if b.State == "held" && int64(b.ExpiresAt.Time) <= time.Now().UnixMilli() {
			b.State = "expired"
			f.mark('a', 0, b.Seats...)
		}
		status, code := decide(b, r)
		if code != "" {
			f.refuse(w, status, code)
			return
		}
		if b.State == "paying" {
			w.Header().Set("Retry-After", "1")
		}
		f.answer(w, status, f.told(b))
	}
}

func (f *fake) extend(b *wire.Booking, _ *http.Request) (int, string) {
	if b.State != "held" {
		return 409, "hold_expired"
	}
	f.expireIn(b, f.ttl)
	return 200, ""
}

func (f *fake) release(b *wire.Booking, _ *http.Request) (int, string) {
	if b.State == "held" {
		b.State = "released"
		f.mark('a', 0, b.Seats...)
	}
	return 200, ""
}

func (f *fake) confirm(b *wire.Booking, r *http.Request) (int, string) {
	var body wire.Confirm
	_ = json.NewDecoder(r.Body).Decode(&body)
	f.tokens = append(f.tokens, body.PaymentToken.Text)
	switch {
	case !body.PaymentToken.Given && b.Total.Amount != 0:
		return 400, "bad_request"
	case b.State == "paying":
		return 409, "payment_in_progress"
	case b.State != "held" && b.State != "confirmed":
		return 409, "hold_expired"
	}
	switch body.PaymentToken.Text {
	case "tok_declined":
		return 402, "payment_declined"
	case "tok_slow", "tok_challenge":
		b.State = "paying"
		return 202, ""
	}
	if b.Exchange != nil {
		f.exchanged(b)
		return 200, ""
	}
	f.sell(b)
	return 200, ""
}

func (f *fake) sell(b *wire.Booking) {
	b.State, b.Tickets = "confirmed", nil
	for i, seat := range b.Seats {
		b.Tickets = append(b.Tickets, wire.Ticket{Seat: seat, Code: fmt.Sprintf("HF-7Q2M-K9XD-%04d", i+1)})
	}
	f.mark('s', 0, b.Seats...)
}
