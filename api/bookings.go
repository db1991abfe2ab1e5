package api

import (
	"cmp"
	"errors"
	"net/http"
	"time"
	"unicode/utf8"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/wire"
)

// bookingEngine is what this room asks of the engine. Calls that may write take a timeout, after which they answer
// actors.ErrTimeout (outcome unknown).
type bookingEngine interface {
	Book(call *actors.BookCall, timeout time.Duration, out *actors.BookingView) error
	Booking(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error
	Extend(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error
	Release(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error
	// Confirm pays with token and sells. A nil error with out.State BookingPaying means that the processor's answer is
	// not known yet.
	Confirm(id actors.BookingID, who actors.Caller, token string, timeout time.Duration, out *actors.BookingView) error
	Refund(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error
}

// bookings answers buyers, and operators who sell or refund. Its methods are safe for concurrent use.
type bookings struct {
	engine  bookingEngine
	timeout time.Duration // of an engine call
}

// newBookings makes the handlers. timeout bounds an engine call.
func newBookings(engine bookingEngine, timeout time.Duration) *bookings {
	return &bookings{engine: engine, timeout: timeout}
}

// book places a hold: the hottest call. Seat ids stay in the parser's buffer; the engine resolves them before it queues
// anything, so no copy outlives the call.
func (h *bookings) book(r *request) error {
	event, err := r.event()
	if err != nil {
		return err
	}
	if err := r.parser.Parse(r.body()); err != nil {
		return err
	}
	wish := &r.parser.Book
	r.asks().wish(wish)
	r.call = actors.BookCall{Event: event, Caller: r.caller(), Seats: wish.Seats}
	if err := r.bookFor(wish); err != nil {
		return err
	}
	if best := wish.BestAvailable; best != nil {
		if best.Quantity == 0 {
			return &problem{kind: kindNoSeats, field: "best_available.quantity"}
		}
		r.call.Best = actors.BestAvailable{Quantity: best.Quantity, Section: best.Section, Category: best.Category, Accessible: best.Accessible}
	} else if len(wish.Seats) == 0 {
		return &problem{kind: kindNoSeats, field: "seats"}
	}
	if err := h.engine.Book(&r.call, h.timeout, &r.view); err != nil {
		return err
	}
	return r.created()
}

// bookFor says whose booking it becomes: the buyer's who asks, or whom an operator names. Then it is that buyer's as
// any other, to see, to pay and to give back, under the same limits unless the operator says otherwise. Without a name
// each booking is another buyer's.
func (r *request) bookFor(wish *wire.Book) error {
	switch {
	case r.who.operator && wish.Buyer != "":
		if why := checkName(wish.Buyer); why != "" {
			return badField("buyer", why)
		}
		r.call.Buyer = BuyerOf(wish.Buyer)
	case r.who.operator:
		r.call.Buyer = wire.WalkInHash(r.call.Request)
	case wish.Buyer != "":
		return &problem{kind: kindForbidden, field: "buyer", detail: "only an operator books for a buyer; yours are bookings of your own"}
	case wish.Limits != "":
		return &problem{kind: kindForbidden, field: "limits", detail: "only an operator chooses whether limits apply"}
	}
	r.call.AnyBuyerTotal = wish.Limits == wire.LimitsIgnore
	return nil
}

var headerLocation = []byte("Location")

// created answers 201 with the booking and where to find it.
func (r *request) created() error {
	r.text = append(r.text[:0], "/v1/bookings/"...)
	r.text = actors.AppendBookingID(r.text, r.view.ID)
	r.ctx.Response.Header.SetCanonical(headerLocation, r.text)
	return r.sendBooking(http.StatusCreated)
}

func (h *bookings) getBooking(r *request) error {
	id, err := r.booking()
	if err != nil {
		return err
	}
	who := actors.Caller{Buyer: r.who.buyer, Operator: r.who.operator}
	if err := h.engine.Booking(id, who, h.timeout, &r.view); err != nil {
		return err
	}
	return r.sendBooking(http.StatusOK)
}

// change is one of the engine's calls about a booking that need no body.
type change func(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error

func (h *bookings) changeBooking(r *request, call change) error {
	id, err := r.booking()
	if err != nil {
		return err
	}
	if err := r.noBody(); err != nil {
		return err
	}
	r.asks()
	if err := call(id, r.caller(), h.timeout, &r.view); err != nil {
		return err
	}
	return r.sendBooking(http.StatusOK)
}

func (h *bookings) extendBooking(r *request) error { return h.changeBooking(r, h.engine.Extend) }

func (h *bookings) releaseBooking(r *request) error { return h.changeBooking(r, h.engine.Release) }

func (h *bookings) refundBooking(r *request) error { return h.changeBooking(r, h.engine.Refund) }

// tokenCharactersMax bounds a payment token.
const tokenCharactersMax = 512

// confirmBooking pays. The token goes to the processor and into the request's fingerprint (a hash); nowhere else.
func (h *bookings) confirmBooking(r *request) error {
	id, err := r.booking()
	if err != nil {
		return err
	}
	token, err := r.paymentToken()
	if err != nil {
		return err
	}
	r.asks().text(token)
	err = h.engine.Confirm(id, r.caller(), token, h.timeout, &r.view)
	if errors.Is(err, actors.ErrTokenMissing) {
		return badField("payment_token", "is missing")
	}
	if err != nil {
		return err
	}
	if r.view.State == section.BookingPaying {
		r.ctx.Response.Header.Set("Retry-After", "1")
		return r.sendBooking(http.StatusAccepted)
	}
	return r.sendBooking(http.StatusOK)
}

// paymentToken reads the body of a confirm; "" when it gives none, which is enough where the total is 0.
func (r *request) paymentToken() (string, error) {
	r.confirm = wire.Confirm{}
	if len(r.body()) == 0 {
		return "", nil
	}
	if err := wire.Decode(r.body(), &r.confirm); err != nil {
		return "", err
	}
	token := r.confirm.PaymentToken
	r.confirm = wire.Confirm{} // a pooled request keeps no secret
	if !token.Given {
		return "", nil
	}
	return token.Text, checkToken(token.Text)
}

func checkToken(token string) error {
	switch {
	case token == "":
		return badField("payment_token", "is empty")
	case utf8.RuneCountInString(token) > tokenCharactersMax:
		return badField("payment_token", "is longer than 512 characters")
	case cardAnywhere([]byte(token)):
		return cardData("payment_token")
	}
	return nil
}

// sendBooking encodes r.view.
func (r *request) sendBooking(status int) error {
	r.out = r.appendBooking(r.out[:0])
	noStore(&r.ctx.Response.Header)
	return r.json(status)
}

var stateNames = [...]string{
	section.BookingHeld: "held", section.BookingPaying: "paying", section.BookingConfirmed: "confirmed",
	section.BookingReleased: "released", section.BookingExpired: "expired", section.BookingRefunded: "refunded",
}

func (r *request) appendBooking(dst []byte) []byte {
	view := &r.view
	r.text = actors.AppendBookingID(r.text[:0], view.ID)
	split := len(r.text)
	r.text = view.ID.Section.Event.Append(r.text)
	booking := wire.Booking{
		ID: wire.Borrow(r.text[:split]), Event: wire.Borrow(r.text[split:]),
		State: stateNames[view.State], Seats: view.Seats, Split: view.Split,
		Total: wire.Money{Amount: view.Amount, Currency: view.Currency},
	}
	var expires wire.OffsetTime
	if view.State == section.BookingHeld || view.State == section.BookingPaying {
		expires = timeIn(cmp.Or(view.Zone, time.UTC), view.ExpiresAt)
		booking.ExpiresAt = &expires
	}
	for _, t := range view.Tickets {
		booking.Tickets = append(booking.Tickets, wire.Ticket(t))
	}
	return wire.AppendBooking(dst, &booking)
}
