package web_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	qrcode "github.com/piglig/go-qr"

	"holdfast/api/wire"
	"holdfast/api/wire/ticketing"
)

// signedCode is what the fake's server would have signed: of the length and letters of a real code.
func signedCode(booking string, number int) string {
	return "T" + strings.ToUpper(strings.ReplaceAll(booking, "1", "B")) + strings.Repeat("Q7", 80)[:161-len(booking)] +
		strconv.Itoa(number+1) + "2"
}

func (f *fake) ticketRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /scan", func(w http.ResponseWriter, _ *http.Request) { asset(w, "scan.html") })
	mux.HandleFunc("GET /v1/bookings/{b}/tickets", func(w http.ResponseWriter, r *http.Request) {
		b := f.bookings[r.PathValue("b")]
		if b == nil || b.State != "confirmed" {
			f.refuse(w, 409, "not_confirmed")
			return
		}
		out := ticketing.Tickets{Booking: b.ID, Event: eventID, EventName: f.name}
		for i, t := range b.Tickets {
			out.Tickets = append(
				out.Tickets,
				ticketing.Ticket{Number: i + 1, ID: "0.1.0." + strconv.Itoa(i), Seat: t.Seat,
					State: "valid", Code: signedCode(b.ID, i+1), Total: wire.Money{Currency: "EUR"}},
			)
		}
		f.answer(w, 200, out)
	})
	mux.HandleFunc("GET /v1/bookings/{b}/tickets/qr", func(w http.ResponseWriter, r *http.Request) {
		number, _ := strconv.Atoi(r.URL.Query().Get("ticket"))
		qr, err := qrcode.EncodeText(signedCode(r.PathValue("b"), number), qrcode.Medium)
		var svg []byte
		if err == nil {
			svg, err = qr.ToSVGBytes(qrcode.NewQrCodeImgConfig(8, 4, qrcode.WithOptimalSVG()))
		}
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = w.Write(svg)
	})
	mux.HandleFunc("POST /v1/tickets/scan", f.scan)
}

// scan lets each code in once.
func (f *fake) scan(w http.ResponseWriter, r *http.Request) {
	var body ticketing.Scan
	switch err := json.NewDecoder(r.Body).Decode(&body); {
	case r.Header.Get("Authorization") != "Bearer dev":
		f.refuse(w, 403, "forbidden")
	case err != nil || body.Scanner == "" || r.Header.Get("Idempotency-Key") == "":
		f.refuse(w, 400, "bad_request")
	case f.scans[body.Code] != "":
		f.answer(w, 409, map[string]any{"title": "no", "status": 409, "code": "already_admitted",
			"scanner": f.scans[body.Code], "admitted_at": "2027-06-12T18:00:00Z"})
	case !strings.HasPrefix(body.Code, "T"):
		f.refuse(w, 422, "ticket_forged")
	default:
		f.scans[body.Code] = body.Scanner
		f.answer(w, 200, ticketing.Scanned{Result: "admitted", Seat: "A-1-1", Section: "Stalls", Category: "Best"})
	}
}
