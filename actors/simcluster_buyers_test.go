package actors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/simtest"
)

// simBuyers are a few people with many wishes, which they send to any node, often to several at once, and again and
// again under the same key.
type simBuyers struct {
	w      *simCluster
	wishes []*simClusterWish
	held   []BookingID // told to somebody
	alone  int         // buyers without a key so far
	open   map[*simHost]int
}

// simClusterWish is one wish under one key.
type simClusterWish struct {
	number      int
	kind        section.CommandKind // PlaceHold, PlaceBest, a command about a booking, or 0: a read
	who         Caller
	seats       []string
	section     int // of seats or booking; -1: any
	quantity    uint32
	id          BookingID
	told        bool
	booking     BookingID
	got         []string
	surelyNot   bool // was told that it has not been done
	disobedient bool // an earlier key with another body
}

func (wish *simClusterWish) keyed() bool { return wish.who.Request != (section.RequestID{}) }

func newSimBuyers(w *simCluster) *simBuyers { return &simBuyers{w: w, open: map[*simHost]int{}} }

const simPeople = 6

// come has one wish sent, and comes again.
func (b *simBuyers) come() {
	w := b.w
	if w.calm {
		return
	}
	wish := b.choose()
	hosts := 1
	if w.percent(25) && wish.keyed() {
		hosts = 1 + w.chance.IntN(3)
	}
	for range hosts {
		b.sendTo(wish, w.spots[w.chance.IntN(len(w.spots))].host)
	}
	w.at(w.between(time.Millisecond, 50*time.Millisecond), nil, "buyers", b.come)
}

func (b *simBuyers) sendTo(wish *simClusterWish, h *simHost) {
	if h == nil || h.dead || !h.opened {
		return
	}
	b.w.tally["call"]++
	b.open[h]++
	timeout := b.w.between(50*time.Millisecond, 1200*time.Millisecond)
	if b.w.calm {
		timeout = 2 * time.Second
	}
	h.thread("call", func() { b.call(wish, h, timeout) })
}

// died forgets the calls that nobody will answer.
func (b *simBuyers) died(h *simHost) { delete(b.open, h) }

func (b *simBuyers) choose() *simClusterWish {
	w := b.w
	dice := w.chance.IntN(100)
	if len(b.wishes) > 0 && dice < 34 {
		// mostly one of the newest: a client repeats what it has just asked
		back := min(len(b.wishes), 1+w.chance.IntN(12))
		wish := b.wishes[len(b.wishes)-back]
		switch {
		case wish.keyed() && dice >= 4:
			return wish
		case wish.keyed():
			other := *wish
			other.who.Fingerprint++
			other.disobedient, other.told = true, false
			return &other
		}
	}
	wish := b.add()
	b.chooseKind(wish)
	return wish
}

// add makes a wish with a key of its own, which wishes for nothing yet.
func (b *simBuyers) add() *simClusterWish {
	w := b.w
	wish := &simClusterWish{number: len(b.wishes) + 1, section: -1}
	wish.who.Buyer = section.BuyerID{byte(1 + w.chance.IntN(simPeople))}
	x := uint64(wish.number) * 0x9e3779b97f4a7c15
	binary.LittleEndian.PutUint64(wish.who.Request[:], x^x>>31)
	binary.BigEndian.PutUint64(wish.who.Request[8:], uint64(wish.number))
	wish.who.Fingerprint = uint64(wish.number) << 8
	b.wishes = append(b.wishes, wish)
	return wish
}

func (b *simBuyers) chooseKind(wish *simClusterWish) {
	w := b.w
	dice := w.chance.IntN(100)
	switch {
	case dice < 34 || len(b.held) == 0 && dice < 60:
		wish.kind, wish.section = section.PlaceHold, w.chance.IntN(w.sections)
		first := w.chance.IntN(w.plan.seats)
		for seat := first; seat < min(first+1+w.chance.IntN(2), w.plan.seats); seat++ {
			wish.seats = append(wish.seats, fmt.Sprintf("%c-1-%d", 'A'+wish.section, seat+1))
		}
		b.withoutKey(wish)
		return
	case dice < 64 || len(b.held) == 0:
		wish.kind, wish.quantity = section.PlaceBest, uint32(1+w.chance.IntN(2))
		b.withoutKey(wish)
		return
	}
	recent := min(len(b.held), 8)
	wish.id = b.held[len(b.held)-1-w.chance.IntN(recent)]
	wish.section, wish.who.Operator = int(wish.id.Section.Section), true
	switch {
	case dice < 68:
		wish.kind = section.ExtendHold
	case dice < 76:
		wish.kind = section.ReleaseHold
	case dice < 82:
		wish.kind = section.BeginPayment
	case dice < 88:
		wish.kind = section.ConfirmPayment
	case dice < 90:
		wish.kind = section.FailPayment
	case dice < 95:
		wish.kind = section.RefundBooking
	default:
		wish.who = Caller{Operator: true}
	}
}

// withoutKey makes some wishes those of a stranger who has no key: what becomes of them is seen by the stranger's name
// in the log.
func (b *simBuyers) withoutKey(wish *simClusterWish) {
	if !b.w.percent(12) {
		return
	}
	b.alone++
	wish.who = Caller{Buyer: section.BuyerID{200, byte(b.alone), byte(b.alone >> 8)}}
}

// simCall is one call of a wish.
type simCall struct {
	wish  *simClusterWish
	h     *simHost
	began time.Duration
	since []section.Seq // how long each log was when it began
	order int           // effects that were durable then
	peace bool          // everything was served then
	well  bool          // its section was served, as the caller's node had heard from who serves it
	stirs uint64        // what had happened until then
	out   BookingView
	got   section.Outcome
}

func (b *simBuyers) call(wish *simClusterWish, h *simHost, timeout time.Duration) {
	w := b.w
	c := &simCall{
		wish: wish, h: h, began: w.now, since: w.judge.tails(), order: len(w.judge.effects), peace: w.proving,
		stirs: w.stirs,
	}
	c.well = wish.section >= 0 && h.wellServed(wish.section)
	slept := h.slept
	if simTraceKept() > 1000 {
		w.note(h, "wish %d begins, %d seats counted", wish.number, h.ev.buyers.Seats(wish.who.Buyer))
	}
	deadline := w.time().Add(timeout)
	var err error
	switch wish.kind {
	case section.PlaceHold, section.PlaceBest:
		book := BookCall{
			Event: w.plan.header.ID, Caller: wish.who, Seats: wish.seats, Best: BestAvailable{Quantity: wish.quantity},
		}
		err = h.e.Book(&book, timeout, &c.out)
	case 0:
		err = h.e.read(wish.id, wish.who, deadline, &c.out)
	default:
		c.got, err = h.e.act(wish.kind, wish.id, wish.who, deadline, &c.out)
		if err == nil && c.got.Rejection != section.Accepted {
			err = &Refusal{Code: c.got.Rejection}
		}
	}
	b.open[h]--
	if late := w.now - c.began - timeout - (h.slept - slept); late > 500*time.Millisecond {
		w.failf("a call was answered %v after its deadline", late)
	}
	w.note(
		h, "wish %d (kind %d, section %d, key %x, buyer %x): %v", wish.number, wish.kind, wish.section,
		wish.who.Request[:2], wish.who.Buyer[:2], simVerdict(err),
	)
	if verdict := simVerdict(err); (verdict == "moved" || verdict == "unavailable") && w.now-c.began < timeout {
		w.judge.inVain(c, verdict)
	}
	w.judge.answer(c, err)
}

// wellServed says that the section is served, without any doubt, by a node that this one is linked to and has heard it
// from.
func (h *simHost) wellServed(no int) bool {
	for _, x := range h.w.living() {
		if !x.opened || x.section(no).shard.Serving() == nil {
			continue
		}
		inc := x.section(no).shard.Serving()
		if _, doubted := x.e.ClockDoubt(); doubted {
			return false
		}
		if x.paused || x.storeCut || x.leaving || x != h && h.section(no).shard.Serving() != nil ||
			inc.TrustedUntil() == 0 ||
			!inc.Trusted() ||
			h.section(no).shard.Leaving() != nil {
			return false
		}
		if x == h {
			return true
		}
		s := h.w.pair(h, x)
		o, known := h.section(no).remote.Directory.Owner()
		return s != nil && !s.over && s.sides[0].up && s.sides[1].up && known && o.Announced && o.Writer == x.id
	}
	return false
}

// inVain judges a call that was told to come again although nothing happened since it began, and its section was well
// served: who has a section comes before who should have it.
func (j *simJudge) inVain(c *simCall, verdict string) {
	if j.w.stirs == c.stirs && c.well && c.h.wellServed(c.wish.section) {
		j.w.failf(
			"wish %d on n%d is told %s; section %d was served all the while, and n%d had heard by whom", c.wish.number,
			c.h.number, verdict, c.wish.section, c.h.number,
		)
	}
	if j.w.stirs == c.stirs {
		j.w.tally["told to come again in quiet times"]++
	}
}

// simVerdict names an answer.
func simVerdict(err error) string {
	var refused *Refusal
	var apart *NotTogetherError
	switch {
	case err == nil:
		return "accepted"
	case errors.As(err, &apart):
		return "not_together"
	case errors.As(err, &refused):
		return refused.Code.String()
	}
	for name, is := range map[string]error{"unavailable": ErrUnavailable, "moved": ErrMoved, "overloaded": ErrOverloaded, "timeout": ErrTimeout,
		"mismatch": ErrMismatch, "unknown booking": ErrBookingUnknown} {
		if errors.Is(err, is) {
			return name
		}
	}
	return err.Error()
}

// answer judges what a caller was told.
func (j *simJudge) answer(c *simCall, err error) {
	w := j.w
	verdict := simVerdict(err)
	w.tally["told: "+verdict]++
	if c.wish.kind == section.PlaceBest && !w.calm {
		w.tally["search told: "+verdict]++
	}
	var refused *Refusal
	var apart *NotTogetherError
	switch {
	case err == nil:
		j.accepted(c)
	case errors.As(err, &apart):
		j.apart(c, apart)
	case errors.As(err, &refused):
		j.refused(c, refused)
	case errors.Is(err, ErrMismatch):
		e, known := j.effects[c.wish.who.Request]
		if !known || e.Fingerprint == c.wish.who.Fingerprint {
			w.failf("P5: wish %d is called a mismatch; its key has %+v", c.wish.number, e)
		}
	case c.peace && (errors.Is(err, ErrUnavailable) || errors.Is(err, ErrTimeout) || errors.Is(err, ErrMoved) || errors.Is(err, ErrOverloaded)):
		w.failf(
			"liveness: in peace wish %d (kind %d, section %d) on n%d is told: %s", c.wish.number, c.wish.kind,
			c.wish.section, c.h.number, verdict,
		)
	case errors.Is(err, ErrSaleNotOpen):
		w.operators.refused(c)
	case errors.Is(err, ErrMoved), errors.Is(err, ErrOverloaded):
		c.wish.surelyNot = true
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrTimeout):
	case errors.Is(err, ErrBookingUnknown):
		w.failf("P2: booking %d of section %d was told to a buyer, and is unknown", c.wish.id.No, c.wish.section)
	default:
		w.failf("wish %d: %w", c.wish.number, err)
	}
}

// accepted holds a "yes" against the logs (P2, P5).
func (j *simJudge) accepted(c *simCall) {
	w, wish := j.w, c.wish
	no := int(c.out.ID.Section.Section)
	b := j.models[no].Bookings[c.out.ID.No]
	switch {
	case b == nil || !b.Ever[c.out.State]:
		w.failf(
			"P2: wish %d is told of booking %d in section %d as %v, which no durable record says", wish.number,
			c.out.ID.No, no, c.out.State,
		)
		return
	case !j.was(no, c.out.ID.No, c.out.State, c.since[no]):
		w.failf(
			"P3: wish %d is told of booking %d in section %d as %v, which it had left before the call began",
			wish.number, c.out.ID.No, no, c.out.State,
		)
		return
	case wish.kind == 0:
		return
	case wish.who.Request == (section.RequestID{}):
		if b.Buyer != wish.who.Buyer {
			w.failf("P2: wish %d is told of a booking of somebody else", wish.number)
		}
	default:
		j.acceptedUnder(c, no)
	}
	if wish.kind == section.PlaceHold || wish.kind == section.PlaceBest {
		w.buyers.held = append(w.buyers.held, c.out.ID)
	}
}

func (j *simJudge) acceptedUnder(c *simCall, no int) {
	w, wish := j.w, c.wish
	e, durable := j.effects[wish.who.Request]
	b := j.models[no].Bookings[c.out.ID.No]
	switch {
	case !durable && wish.kind == section.ReleaseHold && b.Ever[section.BookingReleased]: // giving back twice is one wish
		return
	case !durable && wish.kind == section.ExtendHold && b.Ever[section.BookingHeld]: // less than a second was to be gained: nothing is written
		return
	case !durable:
		w.failf("P2: wish %d is told accepted, but no durable record has it", wish.number)
	case e.section != no || e.Booking != c.out.ID.No || e.Fingerprint != wish.who.Fingerprint || e.Kind != simtest.ChangeOf(wish.kind):
		w.failf("P5: wish %d is told of booking %d in section %d, the log says %+v", wish.number, c.out.ID.No, no, e)
	case wish.told && wish.booking != c.out.ID:
		w.failf("P5: wish %d was first told of booking %v, then of %v", wish.number, wish.booking, c.out.ID)
	case wish.told && fmt.Sprint(wish.got) != fmt.Sprint(c.out.Seats):
		w.failf("P5: wish %d was first told of seats %v, then of %v", wish.number, wish.got, c.out.Seats)
	}
	wish.told, wish.booking, wish.got = true, c.out.ID, c.out.Seats
}

// refused holds a "no" against the logs: some durable moment since the call began must justify it (P2, P3, P11), and a
// key that has had its "yes" gets no "no" (P5).
func (j *simJudge) refused(c *simCall, refused *Refusal) {
	w, wish := j.w, c.wish
	e, durable := j.effects[wish.who.Request]
	if durable && e.order < c.order && e.Fingerprint == wish.who.Fingerprint &&
		wish.who.Request != (section.RequestID{}) &&
		refused.Code != section.TooManyForBuyer {
		w.failf(
			"P5: wish %d has its booking %d in section %d, and is refused: %v", wish.number, e.Booking, e.section,
			refused.Code,
		)
		return
	}
	was := func(state section.BookingState) bool {
		return j.was(wish.section, wish.id.No, state, c.since[wish.section])
	}
	just := true
	switch refused.Code {
	case section.SeatTaken:
		just = len(refused.Seats) > 0
		for _, id := range refused.Seats {
			just = just && j.inTheWay(wish.section, id, c.since[wish.section])
		}
	case section.SoldOut:
		fewest, _ := j.freeSince(c)
		just = fewest < int(wish.quantity)
	case section.TooManyForBuyer:
		just = wish.kind == section.PlaceHold || wish.kind == section.PlaceBest
	case section.AlreadyConfirmed:
		just = was(section.BookingConfirmed)
	case section.PaymentInProgress:
		just = was(section.BookingPaying)
	case section.NotPaying:
		just = was(section.BookingHeld)
	case section.HoldExpiredAlready:
		just = was(section.BookingExpired)
	case section.HoldReleasedAlready:
		just = was(section.BookingReleased)
	case section.AlreadyRefunded:
		just = was(section.BookingRefunded)
	case section.NotConfirmed:
		just = was(section.BookingHeld) || was(section.BookingPaying)
	case section.ExtensionLimit:
		just = was(section.BookingHeld)
	default:
		just = false
	}
	if !just {
		w.failf(
			"P2, P3, P11: wish %d is refused with %v %v, and nothing durable since it came justifies it", wish.number,
			refused.Code, refused.Seats,
		)
	}
}

// freeSince gives the fewest and the most seats that all sections together may have been seen to have free since a call
// began. The newest record of then may not have been told to anybody yet.
func (j *simJudge) freeSince(c *simCall) (fewest, most int) {
	for no, m := range j.models {
		low, high := m.FreeFrom(c.since[no])
		fewest, most = fewest+low, most+high
	}
	return fewest, most
}

// apart holds a "not together" against the logs (P11): every section had too few at some moment, and all of them
// together may have had enough.
func (j *simJudge) apart(c *simCall, no *NotTogetherError) {
	_, most := j.freeSince(c)
	just := int(no.Free) >= int(c.wish.quantity) && no.Largest < c.wish.quantity && no.Largest > 0 &&
		most >= int(c.wish.quantity)
	for at, m := range j.models {
		just = just && m.EverFewer(c.since[at], int(c.wish.quantity))
	}
	if !just {
		j.w.failf(
			"P11: wish %d for %d is refused with %q, and nothing durable since it came justifies it", c.wish.number,
			c.wish.quantity, no,
		)
	}
}

func (j *simJudge) inTheWay(no int, id string, since section.Seq) bool {
	seat := section.SeatIndex(id[len(id)-1] - '1')
	_, taken := j.models[no].Holder[seat]
	return taken || j.models[no].FreedAt[seat] > since
}
