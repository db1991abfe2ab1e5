package cluster_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/simtest"
	"holdfast/storage"
)

// buyers are a few people with many intents, which they send to any node, often to several at once, and again and
// again under the same key.
type buyers struct {
	w       *world
	intents []*intent
	held    []actors.BookingID         // told to somebody
	costs   map[actors.BookingID]int64 // what was told of each: all of it
	alone   int                        // buyers without a key so far
	shared  map[section.RequestID]bool // keys that two different requests have
	misused uint64
	open    map[*host]int
}

// intent is one effect that somebody wants, under one key. A call is one sending of it.
type intent struct {
	number      int
	kind        section.CommandKind // PlaceHold, PlaceBest, a command about a booking, or 0: a read
	attempt     uint8               // of a command about money
	who         actors.Caller
	seats       []string
	section     int // of seats or booking; -1: any
	quantity    uint32
	id          actors.BookingID
	told        bool
	booking     actors.BookingID
	got         []string
	surelyNot   bool // was told that it has not been done
	disobedient bool // an earlier key with another body
	// part and returned are what a refund of single seats of an order names; part nil: it is of all.
	part     *order.Part
	returned []section.SeatIndex
}

func (intent *intent) keyed() bool { return intent.who.Request != (section.RequestID{}) }

func newBuyers(w *world) *buyers {
	return &buyers{w: w, open: map[*host]int{}, shared: map[section.RequestID]bool{},
		costs: map[actors.BookingID]int64{}}
}

const buyerCount = 6

// stranger is the first byte of the name of who has no key.
const stranger = 200

// come has one intent sent, and comes again.
func (b *buyers) come() {
	w := b.w
	if w.calm {
		return
	}
	intent := b.choose()
	hosts := 1
	if w.percent(25) && intent.keyed() {
		hosts = 1 + w.chance.IntN(3)
	}
	for range hosts {
		b.sendTo(intent, w.spots[w.chance.IntN(len(w.spots))].host)
	}
	w.at(w.between(time.Millisecond, 50*time.Millisecond), nil, "buyers", b.come)
}

func (b *buyers) sendTo(intent *intent, h *host) {
	if h == nil || h.dead || !h.opened {
		return
	}
	b.w.tally["call"]++
	b.open[h]++
	timeout := b.w.between(50*time.Millisecond, 1200*time.Millisecond)
	if b.w.calm {
		timeout = 2 * time.Second
	}
	h.thread("call", func() { b.call(intent, h, timeout) })
}

// died forgets the calls that nobody will answer.
func (b *buyers) died(h *host) { delete(b.open, h) }

func (b *buyers) choose() *intent {
	w := b.w
	dice := w.chance.IntN(100)
	if len(b.intents) > 0 && dice < 34 {
		// mostly one of the newest: a client repeats what it has just asked
		back := min(len(b.intents), 1+w.chance.IntN(12))
		intent := b.intents[len(b.intents)-back]
		switch {
		case intent.keyed() && dice >= 4:
			return intent
		case intent.keyed() && w.plan.header.Coordinators > 0 && w.percent(60):
			return b.misuse(intent)
		case intent.keyed():
			other := *intent
			other.who.Fingerprint++
			other.disobedient, other.told = true, false
			return &other
		}
	}
	intent := b.add()
	b.chooseKind(intent)
	return intent
}

// add makes an intent with a key of its own, which asks for nothing yet.
func (b *buyers) add() *intent {
	w := b.w
	intent := &intent{number: len(b.intents) + 1, section: -1}
	intent.who.Buyer = section.BuyerID{byte(1 + w.chance.IntN(buyerCount))}
	x := uint64(intent.number) * 0x9e3779b97f4a7c15
	binary.LittleEndian.PutUint64(intent.who.Request[:], x^x>>31)
	binary.BigEndian.PutUint64(intent.who.Request[8:], uint64(intent.number))
	intent.who.Fingerprint = uint64(intent.number) << 8
	b.intents = append(b.intents, intent)
	return intent
}

func (b *buyers) chooseKind(intent *intent) {
	w := b.w
	dice := w.chance.IntN(100)
	switch {
	case w.ordering() && (dice < 28 || len(b.held) == 0 && dice < 50):
		b.order(intent)
		b.withoutKey(intent)
		return
	case dice < 34 || len(b.held) == 0 && dice < 60:
		intent.kind, intent.section = section.PlaceHold, w.chance.IntN(w.sections)
		first := w.chance.IntN(w.plan.seats)
		for seat := first; seat < min(first+1+w.chance.IntN(2), w.plan.seats); seat++ {
			intent.seats = append(intent.seats, fmt.Sprintf("%c-1-%d", 'A'+intent.section, seat+1))
		}
		b.withoutKey(intent)
		return
	case dice < 64 || len(b.held) == 0:
		intent.kind, intent.quantity = section.PlaceBest, uint32(1+w.chance.IntN(2))
		b.withoutKey(intent)
		return
	}
	recent := min(len(b.held), 8)
	intent.id = b.held[len(b.held)-1-w.chance.IntN(recent)]
	intent.section, intent.who.Operator = int(intent.id.Section.Section), true
	buyer := b.buyerOf(intent.id)
	if w.plan.header.Coordinators > 0 && dice < 82 && buyer[0] != stranger && w.percent(50) { // the rest are operators'
		intent.who.Operator, intent.who.Buyer = false, buyer
	}
	switch {
	case w.ordering() && w.percent(40): // what is sold in one section only is what could go wrong
		intent.kind = []section.CommandKind{section.BeginPayment, section.ConfirmPayment}[w.chance.IntN(2)]
	case dice < 68:
		intent.kind = section.ExtendHold
	case dice < 76:
		intent.kind = section.ReleaseHold
	case dice < 82:
		intent.kind = section.BeginPayment
	case dice < 88:
		intent.kind = section.ConfirmPayment
	case dice < 90:
		intent.kind = section.FailPayment
	case dice < 95:
		intent.kind = section.RefundBooking
	default:
		intent.who = actors.Caller{Operator: true}
	}
	if k := intent.kind; k == section.BeginPayment || k == section.ConfirmPayment || k == section.FailPayment {
		intent.attempt = uint8(1 + w.chance.IntN(4)/3)
	}
}

// withoutKey makes some intents those of a stranger who has no key: what becomes of them is seen by the stranger's name
// in the log.
func (b *buyers) withoutKey(intent *intent) {
	if b.w.plan.header.Coordinators > 0 && b.w.percent(12) {
		intent.who.Operator = true
		return
	}
	if !b.w.percent(12) || intent.disobedient {
		return
	}
	b.alone++
	intent.who = actors.Caller{Buyer: section.BuyerID{stranger, byte(b.alone), byte(b.alone >> 8)}}
}

// call is one call of an intent.
type call struct {
	intent *intent
	h      *host
	began  time.Duration
	since  []section.Seq // how long each log was when it began
	shown  []section.Seq // and how far the map was of whichever node was furthest behind
	order  int           // effects that were durable then
	peace  bool          // everything was served then
	well   bool          // its section was served, as the caller's node had heard from who serves it
	stirs  uint64        // what had happened until then
	out    actors.BookingView
	got    section.Outcome
}

func (b *buyers) call(intent *intent, h *host, timeout time.Duration) {
	w := b.w
	c := &call{
		intent: intent, h: h, began: w.now, since: w.judge.tails(), shown: w.judge.shown(),
		order: len(w.judge.effects), peace: w.proving, stirs: w.stirs,
	}
	c.well = intent.section >= 0 && w.doors == nil && h.wellServed(intent.section)
	slept := h.slept
	if notesKept() > 1000 {
		w.note(h, "intent %d begins, %d seats counted", intent.number, h.ev.Quota().Seats(intent.who.Buyer))
	}
	deadline := w.time().Add(timeout)
	var err error
	switch intent.kind {
	case section.PlaceHold, section.PlaceBest:
		book := actors.BookCall{
			Event: w.plan.header.ID, Caller: intent.who, Seats: intent.seats,
			Best: actors.BestAvailable{Quantity: intent.quantity}, Admission: w.doors.admission(intent.who.Buyer),
		}
		err = h.e.Book(&book, timeout, &c.out)
	default:
		command := section.Command{Kind: intent.kind, Pay: account.Payment{Attempt: intent.attempt},
			Order: intent.part, Seats: intent.returned}
		if intent.kind == section.BeginPayment {
			command.Pay.Amount, command.Pay.Reference = b.costs[intent.id], "sim" // I2, I12
		}
		c.got, err = h.e.Act(&command, intent.id, intent.who, deadline, &c.out)
		if err == nil && c.got.Rejection != section.Accepted {
			err = &actors.Refusal{Code: c.got.Rejection}
		}
	}
	b.open[h]--
	if late := w.now - c.began - timeout - (h.slept - slept); late > 500*time.Millisecond {
		w.failf("a call was answered %v after its deadline", late)
	}
	w.note(
		h, "intent %d (kind %d, section %d, key %x, buyer %x): %v", intent.number, intent.kind, intent.section,
		intent.who.Request[:2], intent.who.Buyer[:2], verdictOf(err),
	)
	if verdict := verdictOf(err); (verdict == "moved" || verdict == "unavailable") && w.now-c.began < timeout {
		w.judge.inVain(c, verdict)
	}
	w.judge.answer(c, err)
}

// wellServed says that the section is served, without any doubt, by a node that this one is linked to and has heard it
// from.
func (h *host) wellServed(no int) bool {
	for _, x := range h.w.living() {
		if !x.opened || x.serving(no) == nil {
			continue
		}
		inc := x.serving(no)
		if _, doubted := x.e.ClockDoubt(); doubted {
			return false
		}
		if x.paused || x.storeCut || x.leaving || x != h && h.serving(no) != nil ||
			inc.TrustedUntil() == 0 ||
			!inc.Trusted() ||
			h.shard(no).Leaving() != nil {
			return false
		}
		if x == h {
			return true
		}
		s := h.w.pair(h, x)
		o, known := h.ev.Owner(storage.SectionNo(no))
		return s != nil && !s.over && s.sides[0].up && s.sides[1].up && known && o.Announced && o.Writer == x.id
	}
	return false
}

// inVain judges a call that was told to come again although nothing happened since it began, and its section was well
// served: who has a section comes before who should have it.
func (j *judge) inVain(c *call, verdict string) {
	hold := c.intent.kind == section.PlaceHold || c.intent.kind == section.PlaceBest
	if (hold || c.intent.keyed()) && j.w.plan.header.Coordinators > 0 {
		return // its coordinator needs every section of the event
	}
	if j.w.stirs == c.stirs && c.well && c.h.wellServed(c.intent.section) {
		j.w.failf(
			"intent %d on n%d is told %s; section %d was served all the while, and n%d had heard by whom",
			c.intent.number, c.h.number, verdict, c.intent.section, c.h.number,
		)
	}
	if j.w.stirs == c.stirs {
		j.w.tally["told to come again in quiet times"]++
	}
}

// verdictOf names an answer.
func verdictOf(err error) string {
	var refused *actors.Refusal
	var apart *actors.NotTogetherError
	switch {
	case err == nil:
		return "accepted"
	case errors.As(err, &apart):
		return "not_together"
	case errors.As(err, &refused):
		return refused.Code.String()
	}
	for _, known := range []struct {
		name string
		err  error
	}{
		{"unavailable", actors.ErrUnavailable}, {"moved", actors.ErrMoved}, {"overloaded", actors.ErrOverloaded},
		{"timeout", actors.ErrTimeout}, {"mismatch", actors.ErrMismatch}, {"unknown booking", actors.ErrBookingUnknown},
	} {
		if errors.Is(err, known.err) {
			return known.name
		}
	}
	return err.Error()
}

// answer judges what a caller was told.
func (j *judge) answer(c *call, err error) {
	w := j.w
	verdict := verdictOf(err)
	w.tally["told: "+verdict]++
	if c.intent.kind == section.PlaceBest && !w.calm {
		w.tally["search told: "+verdict]++
	}
	var refused *actors.Refusal
	var apart *actors.NotTogetherError
	switch {
	case err == nil:
		j.accepted(c)
	case errors.As(err, &apart):
		j.apart(c, apart)
	case errors.As(err, &refused):
		j.refused(c, refused)
	case errors.Is(err, actors.ErrMismatch):
		e, known := j.effects[c.intent.who.Request]
		if (!known || e.Fingerprint == c.intent.who.Fingerprint) && !w.buyers.shared[c.intent.who.Request] {
			w.failf("P5: intent %d is called a mismatch; its key has %+v", c.intent.number, e)
		}
	case c.peace && (errors.Is(err, actors.ErrUnavailable) || errors.Is(err, actors.ErrTimeout) ||
		errors.Is(err, actors.ErrMoved) || errors.Is(err, actors.ErrOverloaded)):
		w.failf(
			"liveness: in peace intent %d (kind %d, section %d) on n%d is told: %s", c.intent.number, c.intent.kind,
			c.intent.section, c.h.number, verdict,
		)
	case errors.Is(err, actors.ErrSaleNotOpen):
		w.operators.refused(c)
	case errors.Is(err, actors.ErrMoved), errors.Is(err, actors.ErrOverloaded):
		c.intent.surelyNot = true
	case errors.Is(err, actors.ErrUnavailable), errors.Is(err, actors.ErrTimeout):
	case w.doors.keepsOut(c, err):
	case errors.Is(err, actors.ErrBookingUnknown):
		w.failf("P2: booking %d of section %d was told to a buyer, and is unknown", c.intent.id.No, c.intent.section)
	default:
		w.failf("intent %d: %w", c.intent.number, err)
	}
}

// accepted holds a "yes" against the logs (P2, P5).
func (j *judge) accepted(c *call) {
	w, intent := j.w, c.intent
	no := int(c.out.ID.Section.Section)
	b := j.models[no].Bookings[c.out.ID.No]
	switch {
	case b == nil || !b.Ever[c.out.State]:
		w.failf(
			"P2: intent %d is told of booking %d in section %d as %v, which no durable record says", intent.number,
			c.out.ID.No, no, c.out.State,
		)
		return
	case !j.was(no, c.out.ID.No, c.out.State, c.since[no]):
		w.failf(
			"P3: intent %d is told of booking %d in section %d as %v, which it had left before the call began",
			intent.number, c.out.ID.No, no, c.out.State,
		)
		return
	case intent.kind == 0:
		j.ordered(c, b)
		return
	case intent.who.Request == (section.RequestID{}):
		if b.Buyer != intent.who.Buyer {
			w.failf("P2: intent %d is told of a booking of somebody else", intent.number)
		}
	default:
		j.acceptedUnder(c, no)
	}
	j.ordered(c, b)
	if intent.kind == section.PlaceHold || intent.kind == section.PlaceBest {
		w.buyers.held = append(w.buyers.held, c.out.ID)
		w.buyers.costs[c.out.ID] = c.out.Amount
	}
}

func (j *judge) acceptedUnder(c *call, no int) {
	w, intent := j.w, c.intent
	e, durable := j.effects[intent.who.Request]
	b := j.models[no].Bookings[c.out.ID.No]
	switch {
	case !durable && intent.kind == section.ReleaseHold && b.Ever[section.BookingReleased]:
		return // giving back twice is one intent
	case !durable && intent.kind == section.ConfirmPayment && slices.Contains(b.Owed, intent.attempt):
		return // the attempt's money is owed back already: the same word again is no news
	case !durable && intent.kind == section.ExtendHold && b.Ever[section.BookingHeld]:
		return // less than a second was to be gained: nothing is written
	case intent.kind == section.ExtendHold && b.Ever[section.BookingHeld] &&
		e.Fingerprint != intent.who.Fingerprint && e.order >= c.order:
		return // the same, and the key was free for another body afterwards
	case intent.kind == section.ReleaseHold && b.Ever[section.BookingReleased] &&
		e.Fingerprint != intent.who.Fingerprint && e.order >= c.order:
		return
	case !durable:
		w.failf("P2: intent %d is told accepted, but no durable record has it", intent.number)
	case e.section != no || e.Booking != c.out.ID.No || e.Fingerprint != intent.who.Fingerprint ||
		e.Kind != simtest.ChangeOf(intent.kind) &&
			(intent.kind != section.ConfirmPayment || e.Kind != section.RefundDue): // money that came late
		w.failf(
			"P5: intent %d is told of booking %d in section %d, the log says %+v", intent.number, c.out.ID.No, no, e,
		)
	case intent.told && intent.booking != c.out.ID:
		w.failf("P5: intent %d was first told of booking %v, then of %v", intent.number, intent.booking, c.out.ID)
	case intent.told && fmt.Sprint(intent.got) != fmt.Sprint(c.out.Seats) && !b.Partly:
		w.failf("P5: intent %d was first told of seats %v, then of %v", intent.number, intent.got, c.out.Seats)
	}
	intent.told, intent.booking, intent.got = true, c.out.ID, c.out.Seats
}

// refused holds a "no" against the logs: some durable moment since the call began must justify it (P2, P3, P11), and a
// key that has had its "yes" gets no "no" (P5).
func (j *judge) refused(c *call, refused *actors.Refusal) {
	w, intent := j.w, c.intent
	e, durable := j.effects[intent.who.Request]
	if durable && e.order < c.order && e.Fingerprint == intent.who.Fingerprint &&
		intent.who.Request != (section.RequestID{}) &&
		refused.Code != section.TooManyForBuyer {
		w.failf(
			"P5: intent %d has its booking %d in section %d, and is refused: %v", intent.number, e.Booking, e.section,
			refused.Code,
		)
		return
	}
	was := func(state section.BookingState) bool {
		return j.was(intent.section, intent.id.No, state, c.since[intent.section])
	}
	just := true
	switch refused.Code {
	case section.SeatTaken:
		just = len(refused.Seats) > 0
		for _, id := range refused.Seats {
			just = just && j.inTheWay(sectionOf(id), id, c.since[sectionOf(id)])
		}
	case section.SoldOut:
		fewest, _ := j.freeSince(c)
		just = fewest < int(intent.quantity)
	case section.TooManyForBuyer:
		just = intent.kind == section.PlaceHold || intent.kind == section.PlaceBest
	case section.AlreadyConfirmed:
		just = was(section.BookingConfirmed)
	case section.PaymentInProgress:
		just = was(section.BookingPaying)
	case section.NotPaying:
		just = was(section.BookingHeld)
	case section.AttemptStale:
		just = intent.attempt > 0 && (was(section.BookingHeld) || was(section.BookingPaying))
	case section.HoldExpiredAlready:
		just = was(section.BookingExpired)
	case section.HoldReleasedAlready:
		just = was(section.BookingReleased)
	case section.AlreadyRefunded:
		just = was(section.BookingRefunded) || j.models[intent.section].Bookings[intent.id.No].Partly
	case section.NotConfirmed:
		just = was(section.BookingHeld) || was(section.BookingPaying)
	case section.ExtensionLimit:
		just = was(section.BookingHeld)
	default:
		just = false
	}
	if !just {
		w.failf(
			"P2, P3, P11: intent %d is refused with %v %v, and nothing durable since it came justifies it",
			intent.number, refused.Code, refused.Seats,
		)
	}
}
