package simtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/writer"
)

// submit sends what one buyer wants to a node: a new one, an earlier one again, or an earlier key with another body.
func (s *world) submit(n *node) {
	var in *intent
	command := section.Command{}
	switch dice := s.chance.IntN(100); {
	case dice < 20 && len(s.intents) > 0:
		in = s.intents[s.chance.IntN(len(s.intents))]
		command = in.command
	case dice < 24 && len(s.intents) > 0:
		other := s.intents[s.chance.IntN(len(s.intents))]
		command = other.command
		command.Fingerprint++
		in = &intent{command: command, read: other.read, submitted: map[*request]section.Seq{}}
	default:
		in = s.newIntent()
		command = in.command
	}
	r := newRequest(section.Call{Command: command, Read: in.read})
	r.At = s.now
	in.submitted[r] = n.w.Durable()
	n.asked[r] = in
	serving := n.w.Serving()
	n.w.Submit(&r.Request)
	if !serving && !errors.Is(r.Err, writer.ErrUnavailable) {
		s.failf("P3: a writer in doubt took a request")
	}
	s.hear(n)
}

func (s *world) newIntent() *intent {
	w := &intent{submitted: map[*request]section.Seq{}}
	c := &w.command
	binary.BigEndian.PutUint64(c.Request[:], uint64(len(s.intents)+1))
	c.Fingerprint = uint64(len(s.intents)) << 8
	c.Buyer = section.BuyerID{byte(s.chance.IntN(4) + 1)}
	s.chooseKind(w)
	s.intents = append(s.intents, w)
	return w
}

func (s *world) chooseKind(w *intent) {
	c := &w.command
	dice := s.chance.IntN(100)
	if s.salesOnly {
		dice = salesDice[s.chance.IntN(len(salesDice))]
	}
	switch {
	case dice < 30 || s.last == 0:
		c.Kind = section.PlaceHold
		s.chooseSeats(c)
		return
	case dice < 40:
		c.Kind, c.Quantity, c.AnyCategory = section.PlaceBest, uint32(s.chance.IntN(3)+1), true
		return
	case dice < 44:
		c.Kind, c.Operator = section.BlockSeats, true
		s.chooseSeats(c)
		return
	case dice < 50:
		c.Kind, c.Operator = section.UnblockSeats, true
		s.chooseSeats(c)
		return
	}
	c.Operator = s.percent(80) // else the owner decides whether it may
	c.Booking = s.last - min(s.last-1, section.BookingNo(s.chance.IntN(4)))
	switch {
	case dice < 56:
		c.Kind = section.ExtendHold
	case dice < 63:
		c.Kind = section.ReleaseHold
	case dice < 75:
		c.Kind = section.BeginPayment
	case dice < 85:
		c.Kind = section.ConfirmPayment
	case dice < 88:
		c.Kind = section.FailPayment
	case dice < 94:
		c.Kind = section.RefundBooking
	default:
		c.Kind, w.read = section.ExtendHold, true
		c.Request = section.RequestID{}
	}
	if c.Kind == section.BeginPayment || c.Kind == section.ConfirmPayment || c.Kind == section.FailPayment {
		c.Pay.Attempt = uint8(1 + s.chance.IntN(4)/3)
	}
}

// salesDice makes chooseKind roll holds, begun payments and confirmations only.
var salesDice = []int{0, 0, 70, 80, 80}

func (s *world) chooseSeats(c *section.Command) {
	for range s.chance.IntN(3) + 1 {
		if seat := section.SeatIndex(s.chance.IntN(8)); !slices.Contains(c.Seats, seat) {
			c.Seats = append(c.Seats, seat)
		}
	}
}

// hear takes the answers that a node tells now, and judges each against the log as it stands now.
func (s *world) hear(n *node) {
	for _, told := range n.w.Answers() {
		r := requestIn(told)
		in, mine := n.asked[r]
		if !mine {
			s.failf("P2: a request was answered twice")
			continue
		}
		delete(n.asked, r)
		o := &r.Decision.Outcome
		switch {
		case r.Err != nil:
			s.tally["no answer"]++
		case o.Rejection == section.Accepted:
			s.tally["accepted"]++
			s.judgeAcceptance(n, r, in)
		default:
			s.tally[o.Rejection.String()]++
			s.judgeRefusal(r, in)
		}
		delete(in.submitted, r)
	}
	n.m.Shares()
}

// judgeAcceptance holds a "yes" against the log: it must be there, once, written by who says so (P2, P3, P5).
func (s *world) judgeAcceptance(n *node, r *request, in *intent) {
	o := &r.Decision.Outcome
	s.last = max(s.last, o.Booking)
	b := s.model.Bookings[o.Booking]
	if in.read {
		if b == nil || !b.Ever[o.State] {
			s.failf("P2: booking %d told as %v, which no durable record says", o.Booking, o.State)
		}
		return
	}
	effect, durable := s.model.Effects[r.Command.Request]
	switch {
	case !durable && o.Repeat && r.Command.Kind == section.ReleaseHold && b != nil && b.Ever[section.BookingReleased]:
		return // giving back twice is one intent
	case !durable && o.Repeat && r.Command.Kind == section.ExtendHold && b != nil && b.Ever[section.BookingHeld]:
		return // less than a second was to be gained: nothing is written
	case !durable:
		s.failf("P2: request %x told accepted, but no durable record has it", r.Command.Request[:8])
	case effect.Kind != ChangeOf(r.Command.Kind), effect.Fingerprint != r.Command.Fingerprint,
		effect.Booking != o.Booking:
		s.failf("P5: request %x told %+v, the log says %+v", r.Command.Request[:8], o, effect)
	case !o.Repeat && effect.Writer != n.id:
		s.failf("P3: request %x granted by a writer whose record it is not", r.Command.Request[:8])
	case !o.Repeat && in.fresh: // a late first answer may follow a repeat's, but there is only one
		s.failf("P5: request %x accepted afresh a second time", r.Command.Request[:8])
	case b != nil && !slices.Equal(b.Seats, o.Seats) && len(o.Seats) > 0 && !s.salesOnly:
		s.failf("P5: booking %d told with seats %v, has %v", o.Booking, o.Seats, b.Seats)
	case in.told && (in.booking != o.Booking || o.Booking != 0 && !slices.Equal(in.seats, o.Seats)):
		s.failf("P5: request %x first told booking %d, then %d", r.Command.Request[:8], in.booking, o.Booking)
	}
	if !in.told {
		in.told, in.booking, in.seats = true, o.Booking, slices.Clone(o.Seats)
	}
	if !o.Repeat {
		in.fresh = true
		if s.salesOnly { // else the model judges it, and refunds told late would confuse this book
			s.judgeSale(r, b)
		}
	}
}

// judgeSale keeps the buyers' own book of what they were told is theirs: no seat stands in it twice (P1).
func (s *world) judgeSale(r *request, b *Booking) {
	if r.Command.Kind != section.ConfirmPayment {
		return
	}
	seats := r.Decision.Outcome.Seats
	if len(seats) == 0 && b != nil {
		seats = b.Seats
	}
	for _, seat := range seats {
		if other, taken := s.sold[seat]; taken && s.failure == nil {
			s.failure = doubleSale{seat, other, r.Command.Request}
		}
		s.sold[seat] = r.Command.Request
	}
}

// judgeRefusal holds a "no" against the log: some durable moment since the intent came in must justify it (P2).
func (s *world) judgeRefusal(r *request, in *intent) {
	o, since := &r.Decision.Outcome, in.submitted[r]
	b := s.model.Bookings[r.Command.Booking]
	ever := func(state section.BookingState) bool { return b != nil && b.Ever[state] }
	just := true
	switch o.Rejection {
	case section.IdempotencyMismatch:
		e, known := s.model.Effects[r.Command.Request]
		just = known && e.Fingerprint != r.Command.Fingerprint
	case section.SeatTaken, section.SeatsNotFree:
		was := func(seat section.SeatIndex) bool { return s.wasInTheWay(r, seat, since) }
		just = len(o.Lost) > 0 && !slices.ContainsFunc(o.Lost, func(seat section.SeatIndex) bool { return !was(seat) })
	case section.SoldOut:
		just = s.model.EverFewer(since, int(r.Command.Quantity))
	case section.AlreadyConfirmed:
		just = ever(section.BookingConfirmed)
	case section.PaymentInProgress, section.NotPaying:
		just = ever(section.BookingPaying) || o.Rejection == section.NotPaying && ever(section.BookingHeld)
	case section.AttemptStale:
		just = r.Command.Pay.Attempt > 0 && (ever(section.BookingHeld) || ever(section.BookingPaying))
	case section.HoldExpiredAlready:
		just = ever(section.BookingExpired)
	case section.HoldReleasedAlready:
		just = ever(section.BookingReleased)
	case section.AlreadyRefunded:
		just = ever(section.BookingRefunded)
	case section.NotConfirmed, section.ExtensionLimit:
		just = ever(section.BookingHeld)
	}
	if !just {
		s.failf("P2: refusal %v of %+v told, but nothing durable since record %d justifies it", o, r.Command, since)
	}
}

func (s *world) wasInTheWay(r *request, seat section.SeatIndex, since section.Seq) bool {
	_, taken := s.model.Holder[seat]
	if r.Command.Kind == section.UnblockSeats {
		return true // any state but blocked is in the way; the model does not keep when a seat was blocked
	}
	return taken || s.model.FreedAt[seat] > since
}

// doubleSale is the one thing that may never happen.
type doubleSale struct {
	seat          section.SeatIndex
	first, second section.RequestID
}

func (d doubleSale) Error() string {
	return fmt.Sprintf("P1: seat %d was sold by request %x and by request %x", d.seat, d.first[:8], d.second[:8])
}
