package orders

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"holdfast/actors/grant"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/section/order"
	"holdfast/actors/section/tariff"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Share is seats that are counted for a buyer, until a section was asked for them. In a coordinated event each section
// of an order is asked under a grant of its own.
type Share struct {
	Grant grant.Grant
	Seats uint32
}

// Selection is what an order wants of one section.
type Selection struct {
	Section storage.SectionNo
	Seats   []section.SeatIndex // ascending

	share     Share             // until the section was asked under it
	booking   section.BookingNo // of a leg: its number, once it is bound
	requested bool
}

// MostFree is how many seats are free in the sections that have most, as many as one order may be in: descending.
type MostFree [order.SectionsMax]uint32

// Add takes a section in.
func (m *MostFree) Add(free uint32) {
	for i := range m {
		if free > m[i] {
			m[i], free = free, m[i]
		}
	}
}

// Sum is how many one order could have.
func (m *MostFree) Sum() (sum uint32) {
	for _, free := range m {
		sum += free
	}
	return sum
}

// Buyer is the call whose order it is, as the engine knows it.
type Buyer interface {
	// Send has a section judge a command in the buyer's name, and frees r if that fails.
	Send(r *request.Request, to storage.SectionNo) *writer.Failure
	// Place is Send for the command that takes the home's seats, with the buyer's admission and key. An accepted answer
	// is the buyer's: it gives the order that it is of, which is another one if the key was met before. r is freed.
	Place(r *request.Request, to storage.SectionNo, s *Share) (section.Rejection, *order.Part, error)
	// Repeated takes the home's answer to a key that was met before.
	Repeated(home storage.SectionNo, outcome *section.Outcome)
	// Key is the call's; zeros: it has none.
	Key() (request section.RequestID, fingerprint uint64)
	// Fares are what the commands say of prices by the list that the home goes by, 0: that the event was made with;
	// nil: nothing. false: some seat cannot be of the type that is asked for.
	Fares(mark tariff.Mark, selections []Selection) (all []*tariff.Fare, ok bool, err error)
	// Taken lists seats which the map shows to be taken.
	Taken(at storage.SectionNo, seats []section.SeatIndex) []section.SeatIndex
	// Reserve counts seats for the buyer, unless the buyer may not have them, or the sale is not open.
	Reserve(seats uint32) (Share, error)
	// Return gives back what no section was asked for.
	Return(s *Share)
	// Pause waits; false: the call would be over by then, and nothing was waited for.
	Pause(d time.Duration) bool
	// SideBySide does n things at once, and waits for all.
	SideBySide(n int, do func(k int))
	// Later has work done in the background, by a Buyer whose commands have time of their own.
	Later(work func(b Buyer))
}

// Lost are seats of one section that were not to be had.
type Lost struct {
	Section storage.SectionNo
	Seats   []section.SeatIndex
	Until   section.Instant // of section.ChallengeCoolDown: how long
}

// ErrNoGrant: a section has heard of a newer coordinator than the one that reserved. Surely not placed.
var ErrNoGrant = errors.New("orders: grant of an epoch that is over")

// Placing is one order on its way.
type Placing struct {
	buyer      Buyer
	selections []Selection // the home first
	id         order.ID
	hash       uint64
	best       uint32
	ordered    bool   // legs are bound one after the other, ascending
	lost       []Lost // why the last run was refused
	mark       tariff.Mark
	fares      []*tariff.Fare // by leg, the home's first; nil: none says anything
}

// NewPlacing prepares an order of up to order.SectionsMax sections, ascending. best is how many seats were chosen for
// the buyer; 0: the buyer has chosen them.
func NewPlacing(b Buyer, selections []Selection, best uint32) *Placing {
	return &Placing{buyer: b, selections: selections, best: best}
}

// Run places the order, or leaves nothing of it. A refusal has the seats that caused it, unless the home refused them,
// which the Buyer knows. Errors are request.ErrTimeout, writer.ErrUnavailable, ErrNoGrant, the Buyer's, and the home's,
// whose class says whether the order may be placed.
func (x *Placing) Run() (section.Rejection, []Lost, error) {
	rejection, err := x.once()
	if err == nil && rejection == section.SeatBound {
		x.buyer.Pause(x.pause())
		x.ordered = true
		rejection, err = x.once()
	}
	if err == nil && rejection == section.SeatBound {
		rejection = section.SeatTaken
	}
	return rejection, x.lost, err
}

// pause lets an order that was met end. Its length differs between orders that meet, so that they do not meet again.
func (x *Placing) pause() time.Duration { return time.Duration(3+x.hash%20) * time.Millisecond }

// once places the order once, or leaves nothing of it. SeatBound: another order may be about to come to nothing.
func (x *Placing) once() (section.Rejection, error) {
	x.lost = nil
	rejection, over, err := x.begin()
	if over || err != nil {
		return rejection, err
	}
	if x.lost = x.taken(); x.lost != nil { // a refused order costs writes (P7)
		x.undo()
		return section.SeatTaken, nil
	}
	known := false
	if x.fares, known, err = x.buyer.Fares(x.mark, x.selections); err != nil || !known {
		x.undo()
		return section.TypeUnknown, err
	}
	if err := x.reserve(); err != nil {
		x.undo()
		return 0, err
	}
	if rejection, err = x.bind(); rejection == section.Accepted && err == nil {
		rejection, err = x.place()
	}
	if writer.ClassOf(err) == writer.Unknown || err == nil && rejection == section.Accepted {
		return rejection, err
	}
	x.giveBack()
	x.undo()
	return rejection, err
}

// taken are the seats that the map shows to be taken.
func (x *Placing) taken() (lost []Lost) {
	for i := range x.selections {
		w := &x.selections[i]
		if seats := x.buyer.Taken(w.Section, w.Seats); len(seats) > 0 {
			lost = append(lost, Lost{Section: w.Section, Seats: seats})
		}
	}
	return lost
}

// begin has the home give the order its id. over: the answer is there, because the request was met before.
func (x *Placing) begin() (rejection section.Rejection, over bool, err error) {
	home := x.selections[0].Section
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		r := request.New()
		r.Command.Kind, r.Command.Order = section.BeginOrder, &order.Part{ID: order.ID{Home: uint32(home)}}
		r.Command.Request, r.Command.Fingerprint = x.buyer.Key()
		if failed := x.buyer.Send(r, home); failed != nil {
			return 0, true, surelyNotDone(failed)
		}
		outcome := &r.Decision.Outcome
		rejection = outcome.Rejection
		switch over = rejection != section.Accepted || outcome.Repeat || outcome.Order == nil; {
		case !over:
			x.id, x.mark = outcome.Order.ID, outcome.Mark
			x.hash = order.Hash(&x.id, x.selections[0].Seats, x.legs())
		case rejection == section.Accepted:
			x.buyer.Repeated(home, outcome)
		}
		r.Free()
		if rejection != section.OrderUnderWay {
			return rejection, over, nil
		}
		if !x.buyer.Pause(pause) { // the same request is on its way elsewhere, and will be told there
			return 0, true, request.ErrTimeout
		}
	}
}

// surelyNotDone is the reason of a failure that has left nothing behind.
func surelyNotDone(failed *writer.Failure) error {
	if failed.Class == writer.Unknown {
		return writer.ErrUnavailable
	}
	return failed.Why
}

func (x *Placing) legs() (legs []order.Leg) {
	for _, w := range x.selections[1:] {
		legs = append(legs, order.Leg{Section: uint32(w.Section), Booking: w.booking, Seats: w.Seats})
	}
	return legs
}

// reserve counts the seats of all sections for the buyer, or none.
func (x *Placing) reserve() (err error) {
	for i := range x.selections {
		w := &x.selections[i]
		w.booking, w.requested = 0, false
		if w.share, err = x.buyer.Reserve(uint32(len(w.Seats))); err != nil {
			x.giveBack()
			return err
		}
	}
	return nil
}

// giveBack returns what was reserved for sections that have not been asked.
func (x *Placing) giveBack() {
	for i := range x.selections {
		x.buyer.Return(&x.selections[i].share)
		x.selections[i].share = Share{}
	}
}

// bound is what became of a leg.
type bound struct {
	rejection section.Rejection
	lost      []section.SeatIndex
	until     section.Instant
	err       error
}

// bind binds all legs, and gives the word that weighs most: any refusal before a failure.
func (x *Placing) bind() (rejection section.Rejection, err error) {
	words := make([]bound, len(x.selections)-1)
	if x.ordered {
		for k := range words {
			if words[k] = x.bindLeg(k + 1); words[k].rejection != section.Accepted || words[k].err != nil {
				break
			}
		}
	} else {
		x.buyer.SideBySide(len(words), func(k int) { words[k] = x.bindLeg(k + 1) })
	}
	for k := range words {
		w := &words[k]
		if len(w.lost) > 0 {
			x.lost = append(x.lost, Lost{x.selections[k+1].Section, w.lost, w.until})
		}
		switch {
		case w.err != nil:
			err = w.err
		case rejection == section.Accepted || rejection == section.SeatBound && w.rejection != section.Accepted:
			rejection = w.rejection
		}
	}
	if rejection != section.Accepted {
		err = nil
	}
	return rejection, err
}

// bindLeg binds leg k. One that nobody knows the fate of is not bound: the order will not be placed.
func (x *Placing) bindLeg(k int) (b bound) {
	w := &x.selections[k]
	w.requested = true
	r := request.New()
	r.Seats = append(r.Seats, w.Seats...)
	r.Command.Kind, r.Command.Seats, r.Command.Quantity = section.BindLeg, r.Seats, x.best
	r.Reserved, r.Command.Grant = w.share.Seats, w.share.Grant
	r.Command.Order = &order.Part{ID: x.id, Hash: x.hash, K: uint8(k), N: uint8(len(x.selections))}
	r.Command.Fare = x.fareOf(k)
	r.Command.Request = order.LegRequest(&x.id, x.hash, uint8(k))
	failed := x.buyer.Send(r, w.Section)
	if failed != nil && failed.Class != writer.Unknown {
		return bound{err: failed.Why}
	}
	if w.share = (Share{}); failed != nil {
		return bound{err: writer.ErrUnavailable}
	}
	defer r.Free()
	outcome := &r.Decision.Outcome
	switch {
	case outcome.Rejection == section.GrantStale:
		return bound{err: ErrNoGrant}
	case outcome.Rejection == section.OrderGone,
		outcome.Rejection == section.Accepted && outcome.State != section.BookingBound:
		return bound{err: writer.ErrUnavailable}
	case outcome.Rejection == section.Accepted:
		w.booking = outcome.Booking
	}
	b = bound{rejection: outcome.Rejection, lost: slices.Clone(outcome.Lost)}
	if b.rejection == section.ChallengeCoolDown {
		b.until = outcome.ExpiresAt
	}
	return b
}

// fareOf is what the command about leg k says of prices; 0: the home's.
func (x *Placing) fareOf(k int) *tariff.Fare {
	if x.fares == nil {
		return nil
	}
	return x.fares[k]
}

// place has the home record the order.
func (x *Placing) place() (section.Rejection, error) {
	w := &x.selections[0]
	r := request.New()
	r.Seats = append(r.Seats, w.Seats...)
	r.Command.Kind, r.Command.Seats, r.Command.Quantity = section.PlaceHold, r.Seats, x.best
	r.Command.Order = &order.Part{ID: x.id, Hash: x.hash, Legs: x.legs()}
	r.Command.Fare = x.fareOf(0)
	rejection, placed, err := x.buyer.Place(r, w.Section, &w.share)
	switch {
	case err != nil:
	case rejection == section.OrderGone: // the home has given it up, or has begun a new life
		return 0, writer.ErrUnavailable
	case rejection == section.Accepted && (placed == nil || placed.ID != x.id): // the request was met before
		x.undo()
	}
	return rejection, err
}

// undo has the home give the order up, and frees its legs. What cannot be reached in the call's time is tried once more
// behind it; and then the legs will ask their home.
func (x *Placing) undo() {
	part := order.Part{ID: x.id, Hash: x.hash}
	var legs []storage.SectionNo
	for _, s := range x.selections[1:] {
		if s.requested {
			legs = append(legs, s.Section)
		}
	}
	home := x.selections[0].Section
	if !undo(x.buyer, &part, home, legs) {
		x.buyer.Later(func(b Buyer) { undo(b, &part, home, legs) })
	}
}

// undo says whether nothing is left of an order; so it does of one that is placed, or may be.
func undo(b Buyer, p *order.Part, home storage.SectionNo, legs []storage.SectionNo) (done bool) {
	r, failed := send(b, section.AbandonOrder, home, p)
	if failed != nil {
		return len(legs) == 0
	}
	given := r.Decision.Outcome.Rejection == section.BookingUnknown
	r.Free()
	if !given || len(legs) == 0 {
		return true
	}
	var left atomic.Bool
	b.SideBySide(len(legs), func(k int) {
		r, failed := send(b, section.FreeLeg, legs[k], p)
		if failed != nil {
			left.Store(true)
			return
		}
		r.Free()
	})
	return !left.Load()
}

// send has a section judge a command about an order.
func send(
	b Buyer, kind section.CommandKind, to storage.SectionNo, p *order.Part,
) (*request.Request, *writer.Failure) {
	r := request.New()
	r.Command.Kind, r.Command.Order = kind, p
	if failed := b.Send(r, to); failed != nil {
		return nil, failed
	}
	return r, nil
}
