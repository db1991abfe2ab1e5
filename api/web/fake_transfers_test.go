package web_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"holdfast/api/wire/ticketing"
)

// fakeLink is what the fake's server would have made of its secret.
const fakeLink = "taeaqaaaaaaaaaaaaaaaaaaaaaaaaaaabaaaaaaaaaaaaeaahaneouzjyohd43r2ehlpdrpqobm"

// transferRoutes are of one booking of two tickets, alice's, which is listed once the fake is told to.
func (f *fake) transferRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/bookings/{b}/transfers", func(w http.ResponseWriter, _ *http.Request) {
		f.answer(w, 200, ticketing.Transfers{Transfers: f.transfers})
	})
	mux.HandleFunc("POST /v1/bookings/{b}/transfers", func(w http.ResponseWriter, r *http.Request) {
		var body ticketing.Offer
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Header.Get("Idempotency-Key") == "" {
			f.refuse(w, 400, "bad_request")
			return
		}
		one := ticketing.Transfer{ID: r.PathValue("b") + "." + strconv.Itoa(len(f.transfers)+1), Event: eventID,
			EventName: f.name, State: "offered", Side: "sent", Token: fakeLink, Booking: r.PathValue("b")}
		one.StartsAt.Time, one.ExpiresAt.Time = 1_900_000_000_000, 1_890_000_000_000
		for _, seat := range *body.Seats {
			one.Tickets = append(one.Tickets, ticketing.Travelling{Seat: seat, Section: "Stalls", Category: "Best"})
		}
		f.transfers = append(f.transfers, one)
		f.answer(w, 201, one)
	})
	mux.HandleFunc("GET /v1/transfers/{t}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("t") != fakeLink || len(f.transfers) == 0 {
			f.refuse(w, 404, "transfer_unknown")
			return
		}
		seen := f.transfers[len(f.transfers)-1]
		seen.Side, seen.Token, seen.Booking = "", "", ""
		f.answer(w, 200, seen)
	})
	mux.HandleFunc("DELETE /v1/transfers/{t}", func(w http.ResponseWriter, r *http.Request) {
		no, _ := strconv.Atoi(r.PathValue("t")[strings.LastIndexByte(r.PathValue("t"), '.')+1:])
		one := &f.transfers[no-1]
		one.State, one.Token = "withdrawn", ""
		f.answer(w, 200, *one)
	})
	mux.HandleFunc("POST /v1/transfers/{t}/accept", func(w http.ResponseWriter, _ *http.Request) {
		one := &f.transfers[len(f.transfers)-1]
		if one.State != "offered" {
			f.refuse(w, 409, "transfer_"+one.State)
			return
		}
		one.State, one.Token = "accepted", ""
		theirs := *one
		theirs.Side = "received"
		f.answer(w, 200, theirs)
	})
}

// withTickets is the booking whose tickets travel, as GET tells it.
func (f *fake) withTickets(id string) map[string]any {
	tickets, short := []map[string]any{}, []map[string]any{}
	for n, seat := range []string{"A-1-1", "A-1-2"} {
		gone := slices.ContainsFunc(f.transfers, func(t ticketing.Transfer) bool {
			return t.State == "accepted" && slices.ContainsFunc(t.Tickets, func(one ticketing.Travelling) bool {
				return one.Seat == seat
			})
		})
		if !gone {
			tickets = append(tickets, map[string]any{"seat": seat, "code": "CODE-" + strconv.Itoa(n)})
		}
	}
	for i, t := range f.transfers {
		seats := []string{}
		for _, one := range t.Tickets {
			seats = append(seats, one.Seat)
		}
		short = append(short, map[string]any{"number": i + 1, "state": t.State, "side": "sent", "seats": seats})
	}
	return map[string]any{"id": id, "event": eventID, "state": "confirmed", "seats": []string{"A-1-1", "A-1-2"},
		"placed_at": "2027-01-01T00:00:00.000Z", "tickets": tickets, "transfers": short,
		"total": map[string]any{"amount": 9000, "currency": "EUR"}}
}
