package booking

import (
	"cmp"
	"errors"
	"net/http"
	"time"
	"unicode/utf8"

	"holdfast/actors"
	"holdfast/actors/gate/place"
	"holdfast/actors/section"
	"holdfast/api/auth"
	"holdfast/api/call"
	"holdfast/api/card"
	"holdfast/api/document"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/pay"
	"holdfast/storage"
)

// Engine is what this room asks of the engine. Calls that may write take a timeout, after which they answer
// actors.ErrTimeout (outcome unknown).
type Engine interface {
	call.Pseudonyms
	Book(call *actors.BookCall, timeout time.Duration, out *actors.BookingView) error
	Booking(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error
	Extend(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error
	Release(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error
	// Confirm pays with token and sells. A nil error with out.State BookingPaying means that the processor's answer is
	// not known yet; with out.Confirming, that the money is there and some section has not sold its seats yet.
	Confirm(id actors.BookingID, who actors.Caller, token string, timeout time.Duration, out *actors.BookingView) error
	// Refund owes money back. A nil error with a refund that is due means that the processor has not answered yet.
	Refund(
		id actors.BookingID, who actors.Caller, call actors.RefundCall, timeout time.Duration, out *actors.BookingView,
	) error
	// Exchange holds seats in the place of others of a sold booking; see actors.Engine.
	Exchange(
		id actors.BookingID, gives []string, call *actors.BookCall, timeout time.Duration, out *actors.BookingView,
	) error
}

// Admissions opens what a buyer brings to be let in by.
type Admissions interface {
	// Admit opens an admission for a buyer's new hold. nil, nil: the event asks for none.
	// It counts the hold by the event's own limits.
	Admit(r *call.Call, event storage.EventID, buyer section.BuyerID, token []byte, into *place.Admission) (
		*place.Admission, error)
}

// Handlers answers buyers, and operators who sell or refund. Its methods are safe for concurrent use.
type Handlers struct {
	engine     Engine
	timeout    time.Duration // of an engine call
	admissions Admissions
}

// New makes the handlers. timeout bounds an engine call.
func New(engine Engine, timeout time.Duration, admissions Admissions) *Handlers {
	return &Handlers{engine: engine, timeout: timeout, admissions: admissions}
}

// Refusals that never differ are made once (P7).
var (
	noQuantity   = &problem.Problem{Kind: problem.NoSeats, Field: "best_available.quantity"}
	noGives      = &problem.Problem{Kind: problem.NoSeats, Field: "gives"}
	noSeats      = &problem.Problem{Kind: problem.NoSeats, Field: "seats"}
	notForBuyers = &problem.Problem{Kind: problem.Forbidden, Field: "buyer",
		Detail: "only an operator books for a buyer; yours are bookings of your own"}
	notWithoutLimits = &problem.Problem{Kind: problem.Forbidden, Field: "limits",
		Detail: "only an operator chooses whether limits apply"}
	notComplimentary = &problem.Problem{Kind: problem.Forbidden, Field: "complimentary",
		Detail: "only an operator gives bookings away"}
)

// Book places a hold: the hottest call. Seat ids stay in the parser's buffer; the engine resolves them before it queues
// anything, so no copy outlives the call.
func (h *Handlers) Book(r *call.Call) error {
	event, err := r.Event()
	if err != nil {
		return err
	}
	if err := r.Parser.Parse(r.Body()); err != nil {
		return err
	}
	request := &r.Parser.Book
	if err := h.bookFor(r, event, request); err != nil {
		return err
	}
	if len(r.Admitted) > 0 {
		if r.Book.Admission, err = h.admissions.Admit(r, event, r.Book.Buyer, r.Admitted, &r.Admission); err != nil {
			return err
		}
	}
	if best := request.BestAvailable; best != nil {
		if best.Quantity == 0 {
			return noQuantity
		}
		r.Book.Best = actors.BestAvailable{Quantity: best.Quantity, Section: best.Section, Category: best.Category,
			Accessible: best.Accessible}
	} else if len(request.Seats) == 0 {
		return noSeats
	}
	if err := h.engine.Book(&r.Book, h.timeout, &r.View); err != nil {
		return err
	}
	return created(r)
}

// bookFor makes the engine's call, and says whose booking it becomes: the buyer's who asks, or whom an operator names.
// Then it is that buyer's as any other, to see, to pay and to give back, under the same limits unless the operator says
// otherwise. Without a name each booking is another buyer's.
func (h *Handlers) bookFor(r *call.Call, event storage.EventID, request *wire.Book) error {
	who, err := h.buyer(r, event, request)
	if err != nil {
		return err
	}
	r.Fingerprint().Book(request, who)
	r.Book = actors.BookCall{Event: event, Caller: r.Caller(who), Seats: request.Seats,
		AnyBuyerTotal: request.Limits == wire.LimitsIgnore}
	r.Book.Fares = r.Fares(request)
	if r.Who.Operator && request.Buyer == "" {
		r.Book.Buyer = wire.WalkInHash(r.Book.Request)
	}
	return nil
}

// buyer is the caller, or whom an operator names, as the event's logs know them.
func (h *Handlers) buyer(r *call.Call, event storage.EventID, request *wire.Book) (who call.Named, err error) {
	switch {
	case r.Who.Operator && request.Buyer != "":
		if why := auth.CheckName(request.Buyer); why != "" {
			return who, problem.BadField("buyer", why)
		}
		return call.NamedIn(h.engine, event, request.Buyer)
	case r.Who.Operator:
	case request.Buyer != "":
		return who, notForBuyers
	case request.Limits != "":
		return who, notWithoutLimits
	case request.Complimentary:
		return who, notComplimentary
	}
	return r.Named(h.engine, event)
}

var headerLocation = []byte("Location")

// created answers 201 with the booking and where to find it.
func created(r *call.Call) error {
	r.Text = append(r.Text[:0], "/v1/bookings/"...)
	r.Text = actors.AppendBookingID(r.Text, r.View.ID)
	r.Ctx.Response.Header.SetCanonical(headerLocation, r.Text)
	return sendBooking(r, http.StatusCreated)
}

// Get shows a booking to its buyer or to an operator.
func (h *Handlers) Get(r *call.Call) error {
	id, err := r.Booking()
	if err != nil {
		return err
	}
	named, err := r.NamedAt(h.engine, id)
	if err != nil {
		return err
	}
	who := actors.Caller{Buyer: named.Buyer, Operator: r.Who.Operator}
	if err := h.engine.Booking(id, who, h.timeout, &r.View); err != nil {
		return err
	}
	return sendBooking(r, http.StatusOK)
}

// change is one of the engine's calls about a booking that need no body.
type change func(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error

func (h *Handlers) changeBooking(r *call.Call, call change) error {
	id, err := r.Booking()
	if err != nil {
		return err
	}
	if err := r.NoBody(); err != nil {
		return err
	}
	who, err := r.NamedAt(h.engine, id)
	if err != nil {
		return err
	}
	r.Fingerprint()
	if err := call(id, r.Caller(who), h.timeout, &r.View); err != nil {
		return err
	}
	return sendBooking(r, http.StatusOK)
}

// Extend gives a hold more time.
func (h *Handlers) Extend(r *call.Call) error { return h.changeBooking(r, h.engine.Extend) }

// Release gives the seats of a hold back.
func (h *Handlers) Release(r *call.Call) error { return h.changeBooking(r, h.engine.Release) }

// Refund gives the money and the seats of a confirmed booking back, of all seats or of some. Operators only.
func (h *Handlers) Refund(r *call.Call) error {
	id, err := r.Booking()
	if err != nil {
		return err
	}
	var body pay.RefundRequest
	if len(r.Body()) > 0 {
		if err := wire.Decode(r.Body(), &body); err != nil {
			return err
		}
	}
	if body.Fees != "" && body.Fees != actors.FeesReturn && body.Fees != actors.FeesKeep {
		return problem.BadField("fees", `is neither "return" nor "keep"`)
	}
	if body.Seats != nil && len(body.Seats) == 0 {
		return noSeats
	}
	who, err := r.NamedAt(h.engine, id)
	if err != nil {
		return err
	}
	fingerprint := r.Fingerprint()
	for _, seat := range body.Seats {
		fingerprint.Text("seat")
		fingerprint.Text(seat)
	}
	if body.Fees == actors.FeesKeep {
		fingerprint.Text(body.Fees)
	}
	call := actors.RefundCall{Seats: body.Seats, KeepFees: body.Fees == actors.FeesKeep}
	if err := h.engine.Refund(id, r.Caller(who), call, h.timeout, &r.View); err != nil {
		return err
	}
	if r.View.RefundDue() {
		r.Ctx.Response.Header.Set("Retry-After", "1")
		return sendBooking(r, http.StatusAccepted)
	}
	return sendBooking(r, http.StatusOK)
}

// Exchange holds seats that are to take the place of others of a sold booking. What is answered is that hold, with what
// the exchange costs; a confirm of it exchanges the seats.
func (h *Handlers) Exchange(r *call.Call) error {
	id, err := r.Booking()
	if err != nil {
		return err
	}
	var body pay.ExchangeRequest
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	switch {
	case len(body.Gives) == 0:
		return noGives
	case (len(body.Seats) == 0) == (body.Best == nil):
		return noSeats
	}
	who, err := r.NamedAt(h.engine, id)
	if err != nil {
		return err
	}
	fingerprint := r.Fingerprint()
	for _, seat := range body.Gives {
		fingerprint.Text("gives")
		fingerprint.Text(seat)
	}
	wanted := actors.BookCall{Event: id.Section.Event}
	if wanted.Seats, wanted.Fares.Types, err = call.SeatsGiven(body.Seats, fingerprint); err != nil {
		return err
	}
	if b := body.Best; b != nil {
		wanted.Best = actors.BestAvailable{Quantity: uint32(len(body.Gives)), Category: b.Category,
			Accessible: b.Accessible}
		fingerprint.Text("best")
		fingerprint.Text(b.Category)
		if b.Accessible {
			fingerprint.Text("accessible")
		}
	}
	wanted.Caller = r.Caller(who)
	if err := h.engine.Exchange(id, body.Gives, &wanted, h.timeout, &r.View); err != nil {
		return err
	}
	return created(r)
}

// tokenCharactersMax bounds a payment token.
const tokenCharactersMax = 512

// Confirm pays. The token goes to the processor and into the request's fingerprint (a hash); nowhere else.
func (h *Handlers) Confirm(r *call.Call) error {
	id, err := r.Booking()
	if err != nil {
		return err
	}
	token, err := paymentToken(r)
	if err != nil {
		return err
	}
	who, err := r.NamedAt(h.engine, id)
	if err != nil {
		return err
	}
	r.Fingerprint().Text(token)
	err = h.engine.Confirm(id, r.Caller(who), token, h.timeout, &r.View)
	if errors.Is(err, actors.ErrTokenMissing) {
		return problem.BadField("payment_token", "is missing")
	}
	if err != nil {
		return err
	}
	if r.View.State == section.BookingPaying || r.View.Confirming {
		r.Ctx.Response.Header.Set("Retry-After", "1")
		return sendBooking(r, http.StatusAccepted)
	}
	return sendBooking(r, http.StatusOK)
}

// paymentToken reads the body of a confirm; "" when it gives none, which is enough where the total is 0.
func paymentToken(r *call.Call) (string, error) {
	r.Confirm = wire.Confirm{}
	if len(r.Body()) == 0 {
		return "", nil
	}
	if err := wire.Decode(r.Body(), &r.Confirm); err != nil {
		return "", err
	}
	token := r.Confirm.PaymentToken
	r.Confirm = wire.Confirm{} // a pooled request keeps no secret
	if !token.Given {
		return "", nil
	}
	return token.Text, checkToken(token.Text)
}

func checkToken(token string) error {
	switch {
	case token == "":
		return problem.BadField("payment_token", "is empty")
	case utf8.RuneCountInString(token) > tokenCharactersMax:
		return problem.BadField("payment_token", "is longer than 512 characters")
	case card.Anywhere([]byte(token)):
		return card.Refusal("payment_token")
	}
	return nil
}

// sendBooking encodes r.view.
func sendBooking(r *call.Call, status int) error {
	r.Out = Append(r, r.Out[:0])
	document.NoStore(&r.Ctx.Response.Header)
	return r.JSON(status)
}

var stateNames = [...]string{
	section.BookingHeld: "held", section.BookingPaying: "paying", section.BookingConfirmed: "confirmed",
	section.BookingReleased: "released", section.BookingExpired: "expired", section.BookingRefunded: "refunded",
}

// Append appends r.View as JSON. r.Text and r.Price are scratch.
func Append(r *call.Call, dst []byte) []byte {
	view := &r.View
	r.Text = actors.AppendBookingID(r.Text[:0], view.ID)
	split := len(r.Text)
	r.Text = view.ID.Section.Event.Append(r.Text)
	booking := wire.Booking{
		ID: wire.Borrow(r.Text[:split]), Event: wire.Borrow(r.Text[split:]),
		State: stateNames[view.State], Seats: view.Seats, Split: view.Split,
		Total: wire.Money{Amount: view.Amount, Currency: view.Currency},
	}
	if !view.Price.IsPlain() {
		booking.Price = call.Price(&view.Price, &r.Price)
	}
	if view.Confirming {
		booking.State = "confirming"
	}
	var expires wire.OffsetTime
	if view.State == section.BookingHeld || view.State == section.BookingPaying {
		expires = call.TimeIn(cmp.Or(view.Zone, time.UTC), view.ExpiresAt)
		booking.ExpiresAt = &expires
	}
	booking.Received = view.Received
	for _, t := range view.Transfers {
		booking.Transfers = append(booking.Transfers, pay.Transfer{Number: t.No, State: string(t.State),
			Side: string(t.Side), Seats: t.Seats})
	}
	booking.SeatTypes = r.SeatTypes()
	booking.Complimentary, booking.ComplimentaryBy, booking.ComplimentaryReason = r.Gift()
	for _, t := range view.Tickets {
		booking.Tickets = append(booking.Tickets, wire.Ticket(t))
	}
	for _, b := range view.Refunds {
		booking.Refunds = append(booking.Refunds, pay.Refund{No: b.No, State: b.State, Seats: b.Seats,
			Amount: pay.Amount{Amount: b.Amount, Currency: view.Currency}})
	}
	if view.Exchange != nil {
		exchange(&booking, view)
	}
	if view.Next.Type != "" {
		until := wire.AppendOffsetTime(nil, call.TimeIn(cmp.Or(view.Zone, time.UTC), view.NextUntil))
		booking.NextAction = &pay.NextAction{Type: view.Next.Type, URL: view.Next.URL, ExpiresAt: string(until)}
	}
	return wire.AppendBooking(dst, &booking)
}

// exchange says of which booking's seats this one is an exchange.
func exchange(booking *wire.Booking, view *actors.BookingView) {
	x := view.Exchange
	if x.Done {
		booking.State = "exchanged"
	}
	booking.Exchange = &pay.Exchange{Booking: x.Of.String(), Gives: x.Gives,
		Credit:     pay.Amount{Amount: x.Credit, Currency: view.Currency},
		Difference: pay.Amount{Amount: x.Difference, Currency: view.Currency}}
}
