package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/api/wire/pay"
)

// toldBooking is a booking as a server with attempts to pay tells it.
type toldBooking struct {
	*wire.Booking

	NextAction map[string]any `json:"next_action,omitempty"`
}

func (f *fake) told(b *wire.Booking) toldBooking {
	if b.State == "paying" {
		return toldBooking{b, f.next}
	}
	return toldBooking{Booking: b}
}

func (f *fake) paymentRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/payments", func(w http.ResponseWriter, _ *http.Request) { f.answer(w, 200, f.payments) })
	mux.HandleFunc("GET /checkout/return", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; "+
			"frame-ancestors 'self'")
		asset(w, "returned.html")
	})
}

// bank answers challenges on an origin of its own: a page with two buttons, which settles the fake's payment and sends
// the buyer back to the shop.
func (f *fake) bank(t *testing.T, shop string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /challenge", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>Bank</title><main><h1>Is that you?</h1>
			<form method="post"><button name="answer" value="pass">Yes</button>
			<button name="answer" value="fail">No</button></form></main>`)
	})
	mux.HandleFunc("POST /challenge", func(w http.ResponseWriter, r *http.Request) {
		pass := r.PostFormValue("answer") == "pass"
		f.between(func() {
			for _, b := range f.bookings {
				switch {
				case b.State == "paying" && pass:
					f.sell(b)
				case b.State == "paying":
					b.State = "held"
				}
			}
		})
		http.Redirect(w, r, shop+"/checkout/return", http.StatusSeeOther)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// hostedFields serves a script of the shape of Stripe.js from an origin of its own. Its field is a frame, and what is
// typed there stays there; "refuse" makes it refuse the card.
const hostedFields = `window.Stripe = (key) => ({
	elements: () => ({ create: (kind, options) => {
		const handlers = {};
		window.fieldStyle = options.style.base.color;
		return { mount(place) {
			const frame = document.createElement('iframe');
			frame.title = 'Card number';
			frame.src = new URL('/field', '%s').href;
			place.append(frame);
		}, on: (name, run) => { handlers[name] = run; window.fieldChanges = run; }, destroy() {}, focus() {} };
	} }),
	createPaymentMethod: ({ type, card }) => Promise.resolve(type === 'card' && card && !window.refuseCard
		? { paymentMethod: { id: 'pm_' + key } } : { error: { message: 'Your card number is incomplete.' } }),
});`

func (f *fake) hosted(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET /fields.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprintf(w, hostedFields, server.URL)
	})
	mux.HandleFunc("GET /field", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>Card</title><main><h1 hidden>Card</h1>
			<input aria-label="Card number" id="number"></main>`)
	})
	f.payments = map[string]any{"adapter": "stripe", "publishable_key": "pk_1", "script": server.URL + "/fields.js"}
	f.policy = contentPolicy + "; script-src 'self' " + server.URL + "; frame-src 'self' " + server.URL
	return server.URL
}

// giveBack is a buyer's own refund of an event that is put off: whole, as far as the processor has come.
func (f *fake) giveBack(b *wire.Booking, _ *http.Request) (int, string) {
	put, _ := f.news["postponed"].(map[string]any)
	until, _ := time.Parse(time.RFC3339, fmt.Sprint(put["keep_until"]))
	switch {
	case len(b.Refunds) > 0 && len(b.Tickets) == 0: // a repeat
	case put == nil:
		return 403, "forbidden"
	case !time.Now().Before(until):
		return 409, "not_returnable"
	default:
		f.returned(b)
	}
	if b.Refunds[0].State == "due" {
		return 202, ""
	}
	return 200, ""
}

// returned gives a booking back.
func (f *fake) returned(b *wire.Booking) {
	sum := f.total(b.Seats)
	b.Refunds = append(b.Refunds, pay.Refund{No: uint32(len(b.Refunds) + 1), State: f.refunds, Seats: b.Seats,
		Amount: pay.Amount{Amount: sum.Amount, Currency: sum.Currency}})
	if b.Tickets = nil; f.refunds != "due" {
		f.taken(b)
	}
}

// taken is the processor's word on a refund: the seats are on sale again.
func (f *fake) taken(b *wire.Booking) {
	b.State, b.Refunds[0].State = "refunded", "pending"
	f.mark('a', 0, b.Seats...)
}
