package actors

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"holdfast/actors/coordinator"
	"holdfast/actors/gate"
	"holdfast/actors/grant"
	"holdfast/actors/peer"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Book places a hold: on named seats of up to order.SectionsMax sections, or on the best available. The answer
// is told once it is durable.
//
// Errors: ErrEventUnknown, *SeatsUnknownError, ErrSections, ErrSectionUnknown, ErrCategory, ErrSaleNotOpen,
// ErrMismatch, *Refusal, *NotTogetherError, ErrOverloaded and ErrUnavailable (surely not done or repeatable with the
// same key), ErrTimeout (unknown: repeat with the same key).
func (e *Engine) Book(call *BookCall, timeout time.Duration, out *BookingView) error {
	deadline := e.clock.Now().Add(timeout)
	ev, o, err := e.openEvent(call.Event, deadline)
	if err != nil {
		return err
	}
	t := bookingCall{ev: ev, o: o, call: call, deadline: deadline, decidedAt: decidedUnknown}
	return t.book(out)
}

// openEvent finds an event and its sections, waiting for them to load until the deadline: ErrEventUnknown,
// ErrUnavailable.
func (e *Engine) openEvent(id storage.EventID, deadline time.Time) (*event, *openEvent, error) {
	if ev, err := e.event(id); err == nil {
		if o := ev.ready.Load(); o != nil {
			ev.touch()
			return ev, o, nil
		}
	}
	ctx, cancel := context.WithDeadline(e.ctx, deadline)
	defer cancel()
	ev, err := e.find(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	o, err := ev.open(ctx)
	if err != nil {
		return nil, nil, errors.Join(ErrUnavailable, err)
	}
	return ev, o, nil
}

// bookingCall is one booking call on its way.
type bookingCall struct {
	ev        *event
	o         *openEvent
	call      *BookCall
	deadline  time.Time
	reserved  uint32
	horizon   gate.Seq        // up to which the buyer's session was found alive; 0: not at all. See queue.go
	decidedAt section.Instant // when the section that answered last judged it; decidedUnknown: nobody can say
	// searching over sections, as the buyer's coordinator in a cluster, in that generation.
	searching bool
	gen       uint64

	unsure  bool                 // when the key was looked for, some section's keys were not known
	granter *coordinator.Granter // the buyer's coordinator, on this node; nil: the event has none
	epoch   section.Epoch        // its epoch before the key was looked for: it grants in no other
	grant   grant.Grant          // for the next section asked
	there   bool                 // the call came from another node
	keyed   bool                 // an operator's key has been looked at; the call is for the coordinator which
	which   uint8
}

func (t *bookingCall) named(out *BookingView) error {
	r := request.New()
	no, err := t.o.resolve(t.call.Seats, r)
	if err != nil {
		r.Free()
		return t.spread(err, out)
	}
	r.Command.Kind, r.Command.Fare = section.PlaceHold, t.fareOf(r.Seats, no)
	if t.lostAlready(r, no) && t.isNew(uint32(len(r.Seats))) {
		return t.tooLate(r, no, out)
	}
	r.Decision.Outcome.Lost = r.Decision.Outcome.Lost[:0]
	if _, _, err = t.enter(no, false, uint32(len(r.Seats))); err != nil {
		r.Free()
		return err
	}
	rejection, err := t.ask(r, no, out)
	t.leave(no, keeps(rejection, err))
	return t.verdict(rejection, err, out)
}

// isNew says that enter would register the request as a new one, without registering it: nothing would come of that but
// the work of taking it back. The map must have been looked at before: an entry that comes only now is of a call that
// will meet the seats taken too, and one that was there, and is gone, was refused. Once a request is registered the map
// says nothing any more: the seats may have been taken by a repeat of the same request that was quicker.
func (t *bookingCall) isNew(seats uint32) bool {
	if id := t.call.Request; id != (section.RequestID{}) && t.ev.index.Contains(id) {
		return false
	}
	return t.refusesHold() == nil && t.ev.buyers.Room(t.call.Buyer, seats, t.mostSeats())
}

func (t *bookingCall) tooLate(r *request.Request, no storage.SectionNo, out *BookingView) error {
	out.Seats = t.o.appendIDs(out.Seats[:0], no, r.Decision.Outcome.Lost)
	r.Free()
	return t.verdict(section.SeatTaken, nil, out)
}

// lostAlready spares the section those who come too late (P7), which in a stampede is nearly everybody: the map shows
// durable state only, so a seat that it shows taken is taken (unless a hold is due to end: the section ends it first,
// P4), and a request that the index does not know no section remembers as a hold (see coordinator.KeyIndex), so it
// cannot be a repeat. It leaves the lost seats in r's outcome. It never grants: a seat that looks free is the section's
// to judge, and so is a request with a fault that takes precedence over seat_taken.
func (t *bookingCall) lostAlready(r *request.Request, no storage.SectionNo) bool {
	r.Decision.Outcome.Lost = t.o.sections[no].lostAlready(r)
	return len(r.Decision.Outcome.Lost) > 0
}

// lostAlready lists the seats of a request that are surely lost.
func (s *Section) lostAlready(r *request.Request) []section.SeatIndex {
	lost := r.Decision.Outcome.Lost[:0]
	if !s.mapIsTrue() || len(r.Seats) > int(s.ev.header.Load().Rules.SeatsPerBookingMax) || len(r.Seats) == 0 {
		return lost
	}
	slices.Sort(r.Seats)
	for i := 1; i < len(r.Seats); i++ {
		if r.Seats[i] == r.Seats[i-1] {
			return lost
		}
	}
	if last := r.Seats[len(r.Seats)-1]; int(last) >= len(s.kind.Layout.Seats) {
		return lost
	}
	return s.ev.live.Taken(s.key.Section, r.Seats, lost)
}

// mapIsTrue says that what the map shows of the section as taken is taken: the section serves, and no hold is due to
// end.
func (s *Section) mapIsTrue() bool {
	inc := s.shard.Serving()
	if inc == nil {
		return false
	}
	now, sure := s.engine.stamp()
	return sure && inc.TrustedUntil() > now && inc.Trusted()
}

// resolve turns seat ids into one section's indexes.
func (o *openEvent) resolve(ids []string, r *request.Request) (storage.SectionNo, error) {
	var unknown []string
	var no storage.SectionNo
	spread := false
	for _, id := range ids {
		ref, ok := o.seats.Find(id)
		if !ok {
			unknown = append(unknown, string(append([]byte(nil), id...)))
			continue
		}
		if len(r.Seats) > 0 && ref.section != no {
			spread = true
		}
		no = ref.section
		r.Seats = append(r.Seats, ref.index)
	}
	switch {
	case len(unknown) > 0:
		return 0, &SeatsUnknownError{Seats: unknown}
	case spread:
		return 0, errSpread
	}
	r.Command.Seats = r.Seats
	return no, nil
}

// enter registers the request in the event's index and reserves its seats in the buyer ledger. A request that was met
// before is let through whatever the sale's state and the ledger say, for it must get its first answer (P5): at is the
// section that met it.
func (t *bookingCall) enter(
	no storage.SectionNo, search bool, seats uint32,
) (at storage.SectionNo, known bool, err error) {
	at = no
	if t.call.Request != (section.RequestID{}) {
		t.unsure = search && t.mayBeElsewhere() // before the key is looked for: what is learnt later does not count
		if at, known, err = t.ev.enterKey(t.deadline, t.call.Request, no, search); err != nil {
			return at, false, err
		}
	}
	if known {
		if !search && at != no {
			t.leave(at, false)
			return at, true, ErrMismatch
		}
		return at, true, nil
	}
	if err = t.admit(seats); err != nil {
		t.leave(no, false)
	}
	return at, false, err
}

// admit says whether a new request may ask for seats at all. What the core refuses anyway is not judged by the ledger:
// the core's answer is the more precise. The ledger's "no" may rest on a hold that is not durable yet; it is about
// fairness between a buyer's own requests and tells nothing of any seat, so it does not wait for that.
func (t *bookingCall) admit(seats uint32) error {
	if err := t.refusesHold(); err != nil {
		return err
	}
	return t.reserve(seats)
}

var tooManyForBuyer = &Refusal{Code: section.TooManyForBuyer}

// reserve counts seats in the buyer ledger for the next section asked, which gives them back unless it places the hold.
func (t *bookingCall) reserve(seats uint32) error {
	switch {
	case seats > t.ev.header.Load().Rules.SeatsPerBookingMax:
		return nil
	case t.granter != nil:
		return t.askGrant(seats)
	case !t.ev.buyers.Reserve(t.call.Buyer, seats, t.mostSeats()):
		return tooManyForBuyer
	}
	t.reserved = seats
	return nil
}

// mostSeats is how many the buyer may have in all.
func (t *bookingCall) mostSeats() uint32 {
	if t.call.AnyBuyerTotal {
		return math.MaxUint32
	}
	return t.ev.header.Load().Rules.SeatsPerBuyerMax
}

func (t *bookingCall) leave(no storage.SectionNo, keep bool) {
	if t.call.Request != (section.RequestID{}) {
		t.ev.index.Leave(t.call.Request, no, keep, t.decidedAt)
	}
}

// keeps says whether a section may remember the request: it accepted, or nobody knows.
func keeps(rejection section.Rejection, err error) bool {
	class := writer.ClassOf(err)
	return class == writer.Unknown || class == writer.Done && rejection == section.Accepted
}

// ask sends r and fills out from an accepted answer. The buyer's reservation travels with r from the moment it is sent.
func (t *bookingCall) ask(r *request.Request, no storage.SectionNo, out *BookingView) (section.Rejection, error) {
	r.Command.Buyer, r.Command.Operator = t.call.Buyer, t.call.Operator
	r.Command.Request, r.Command.Fingerprint, r.Command.AnyBuyerTotal = t.call.Request, t.call.Fingerprint, t.call.AnyBuyerTotal
	r.Trace = t.call.Trace
	s := t.o.sections[no]
	if t.searching && !t.ev.engine.coordinator.Still(t.gen, t.call.Event, coordinator.Asker(t.call.Operator, t.call.Buyer)) {
		r.Free()
		return 0, peer.ErrNotCoordinator
	}
	r.Reserved, r.Search, r.Gen = t.reserved, t.searching, t.gen
	if !t.use(r, no) {
		r.Free()
		return 0, t.ev.coordinators[t.which].Without(no)
	}
	if err := t.send(r, s); err != nil {
		return 0, err
	}
	t.reserved, t.grant = 0, grant.Grant{}
	defer r.Free()
	t.decidedAt = r.Command.At
	outcome := &r.Decision.Outcome
	if outcome.Rejection != section.Accepted {
		out.Seats, out.ExpiresAt = t.o.appendIDs(out.Seats[:0], no, outcome.Lost), outcome.ExpiresAt
		return outcome.Rejection, nil
	}
	return section.Accepted, t.o.fill(t.ev, BookingID{Section: s.key, No: outcome.Booking}, outcome, out)
}

// notAnswered keeps the reservation of a request that was surely not done, for the next section.
func (t *bookingCall) notAnswered(failed *writer.Failure) error {
	if failed.Class == writer.Unknown {
		t.reserved, t.grant, t.decidedAt = 0, grant.Grant{}, decidedUnknown
	}
	return t.count(failed)
}

func (t *bookingCall) count(err error) error {
	switch {
	case errors.Is(err, ErrOverloaded):
		t.ev.engine.stats.Overloaded.Add(1)
	case errors.Is(err, ErrTimeout):
		t.ev.engine.stats.Timeouts.Add(1)
	}
	return err
}

// unreserve gives back what no section took over.
func (t *bookingCall) unreserve() {
	switch {
	case t.grant.Number != 0:
		t.granter.Refused(&t.grant)
	case t.reserved > 0:
		t.ev.buyers.Release(t.call.Buyer, t.reserved)
	}
	t.reserved, t.grant = 0, grant.Grant{}
}

// verdict turns the last section's word into the call's answer, and gives back what no section took over.
func (t *bookingCall) verdict(rejection section.Rejection, err error, out *BookingView) error {
	t.unreserve() // a search that begins anew reserves anew
	switch {
	case err != nil:
		return writer.Reason(err)
	case rejection == section.IdempotencyMismatch:
		return ErrMismatch
	case ofAdmission(rejection):
		return notAdmitted(rejection)
	case rejection != section.Accepted:
		out.refusal = Refusal{rejection, out.Seats, t.ev.engine.waitFor(rejection, out.ExpiresAt), out.ExpiresAt}
		return &out.refusal
	}
	return nil
}

func (o *openEvent) appendIDs(dst []string, no storage.SectionNo, seats []section.SeatIndex) []string {
	for _, i := range seats {
		if int(i) < len(o.ids[no]) {
			dst = append(dst, o.ids[no][i])
		}
	}
	return dst
}

// errNoGrant says that the buyer's coordinator is not ready, or not any more: nothing was done.
var errNoGrant = errors.New("actors: the buyer's coordinator gives no grant now")

// askGrant counts seats at the buyer's coordinator.
func (t *bookingCall) askGrant(seats uint32) error {
	switch {
	case seats == 0:
		return nil // a request for none becomes no hold
	case t.which != grant.Of(t.call.Buyer, uint8(len(t.ev.coordinators))): // an operator's key of another buyer
		return ErrMismatch
	}
	g, verdict := t.granter.Grant(t.epoch, t.call.Buyer, seats, t.mostSeats(), t.call.AnyBuyerTotal)
	switch verdict {
	case coordinator.Granted:
		t.grant, t.reserved = g, seats
		return nil
	case coordinator.OverLimit:
		return tooManyForBuyer
	case coordinator.NotReady:
	}
	return errNoGrant
}

// use has r carry the call's grant to a section. False: the coordinator does without the section.
func (t *bookingCall) use(r *request.Request, no storage.SectionNo) bool {
	r.Command.Grant = t.grant
	return t.grant.Number == 0 || t.granter.Asks(&t.grant, no, t.call.Request)
}

// grantAnew is for a section that wants a grant: the key of r was known, and it has not met it. A grant that it does
// not take is of an epoch that is over.
func (t *bookingCall) grantAnew(r *request.Request, no storage.SectionNo) error {
	t.reserved, t.grant = 0, grant.Grant{}
	if r.Command.Grant.Number != 0 || t.granter == nil {
		return errNoGrant
	}
	seats := r.Command.Quantity
	if r.Command.Kind == section.PlaceHold {
		seats = uint32(len(r.Command.Seats))
	}
	if err := t.admit(seats); err != nil {
		return err
	}
	r.Reserved = t.reserved
	if !t.use(r, no) {
		return t.ev.coordinators[t.which].Without(no)
	}
	return nil
}

// grantAgain is for a request that was refused under a grant, which is given back, and is sent once more.
func (t *bookingCall) grantAgain(r *request.Request, no storage.SectionNo) error {
	if r.Command.Grant.Number == 0 {
		return nil
	}
	r.Command.Grant = grant.Grant{}
	return t.grantAnew(r, no)
}
