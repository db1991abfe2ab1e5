package section

import (
	"slices"

	"holdfast/actors/grant"
	"holdfast/actors/machine"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/tariff"
)

// Call is one command on its way to its section and back.
type Call struct {
	Command  Command
	Decision Decision // the answer
	// Read asks for Command.Booking instead of a command: nothing is judged or written.
	Read bool
	// Probe asks for the answer to Command without its effect.
	Probe bool
	// EndsFollowed, unless zero, tells the section of the gate's log instead of asking for anything: see
	// State.EndsFollowed.
	EndsFollowed Seq
	// Look, unless nil, is shown the state instead, of which it keeps nothing. What it sees may not be durable yet.
	Look func(*State)
	// List, unless nil, is shown the state like Look, and says which record must be durable before the call is
	// answered.
	List func(*State) Seq
	// Reserved seats of Command.Buyer are counted for the buyer already. A hold that nobody counted is counted when it is
	// placed (see Machine.Shares).
	Reserved uint32
}

// Ticket is one sold seat: a row of the second guard of P1.
type Ticket struct {
	Seat    SeatIndex
	Booking BookingNo
}

// SeatChange is one seat's new letter on the map.
type SeatChange struct {
	Seat   SeatIndex
	Letter SeatStatus
}

// Effects is what one record did: to the map, to the tickets, and, when it was replayed, to the memory of requests.
type Effects struct {
	Seats    []SeatChange
	Sell     []Ticket
	Refund   []SeatIndex
	Requests []AnsweredRequest // of a replayed record only: the writer's own were known before
	Fences   []grant.Grant
	Shares   int // how many shares of buyers changed
	// Orders lists homes of orders that were sold, gave seats back or have ended: their legs are to hear of it.
	Orders []BookingNo
	Sale   sales.Turn  // the newest turn of the switch; 0: none
	Owed   []BookingNo // whose money is owed back because the event is cancelled
}

// AnsweredRequest is a request that a record answered.
type AnsweredRequest struct {
	Request RequestID
	At      Instant
}

// Reset empties the effects.
func (e *Effects) Reset() {
	e.Seats, e.Sell, e.Refund, e.Requests = e.Seats[:0], e.Sell[:0], e.Refund[:0], e.Requests[:0]
	e.Fences, e.Shares, e.Orders = e.Fences[:0], 0, e.Orders[:0]
	e.Sale, e.Owed = 0, e.Owed[:0]
}

// sell and refund keep what the tickets table has to hear. A sale and its refund in one record leave nothing to insert:
// the store deletes first and inserts then, so naming both would leave the row of a seat that is free.
func (e *Effects) refund(seat SeatIndex) {
	sold := slices.IndexFunc(e.Sell, func(row Ticket) bool { return row.Seat == seat })
	if sold < 0 {
		e.Refund = append(e.Refund, seat)
		return
	}
	e.Sell = slices.Delete(e.Sell, sold, sold+1)
}

// Share says that a buyer's live seats shrank, or grew: by what nobody had reserved; in a coordinated section, by a
// hold under a grant.
type Share struct {
	Buyer BuyerID
	Seats uint32
	Taken bool
	Grant grant.Grant // of a coordinated section
}

// Machine is a section as a writer or a replica drives it: a State, and what it did.
type Machine struct {
	*State
	decision *Decision // what AppendChanges and Apply are about
	call     *Call     // whose it is; nil: time's own
	timers   Decision  // scratch
	touched  []SeatIndex
	shares   []Share // those from sharesAt on
	sharesAt int
}

var _ machine.Machine = (*Machine)(nil)

// Kind makes the machines of one section.
type Kind struct {
	Layout *Layout
	Rules  Rules
	Gated  bool // a waiting room stands before it: buyers' new holds need a session
	// Coordinated: new holds need their coordinator's grant.
	Coordinated bool
	// Tariff is what seats cost by the list that the event was made with; nil, in events of earlier builds: holds are
	// logged without a price.
	Tariff *tariff.Tariff
}

// New gives an empty section.
func (k *Kind) New() machine.Machine { return k.machine(NewState(k.Layout, k.Rules)) }

func (k *Kind) machine(s *State) machine.Machine {
	s.gated, s.coordinated = k.Gated, k.Coordinated
	s.prices.MadeWith(k.Tariff)
	return NewMachine(s)
}

// Restore gives the section of a snapshot; ErrSnapshot.
func (k *Kind) Restore(snapshot []byte) (machine.Machine, error) {
	state, err := Restore(k.Layout, k.Rules, snapshot)
	if err != nil {
		return nil, err
	}
	return k.machine(state), nil
}

// NewMachine drives a state, which is the machine's from here on.
func NewMachine(s *State) *Machine { return &Machine{State: s} }

// Claimed begins a life: its booking numbers begin behind those of every life that began earlier.
func (m *Machine) Claimed(next Seq, at Instant) {
	m.Begin(next)
	m.NumberAbove(NumbersFrom(at))
	m.life = next
	m.orders.BeginLife()
}

// NextTimer is the earliest end of a hold, or at once.
func (m *Machine) NextTimer() (Instant, bool) {
	if m.hasDuties() {
		return 0, true
	}
	return m.NextExpiry()
}

// NewEffects gives the effects of one record.
func (m *Machine) NewEffects() machine.Effects { return &Effects{} }

// Decide judges a *Call.
func (m *Machine) Decide(command any, at Instant) machine.Decided {
	c := command.(*Call)
	m.call, m.decision = c, &c.Decision
	switch {
	case c.Read:
		return machine.Decided{DependsOn: m.read(c)}
	case c.EndsFollowed != 0, c.Look != nil, c.List != nil:
		return machine.Decided{DependsOn: m.hear(c)}
	}
	c.Command.At = at
	d := &c.Decision
	m.State.Decide(&c.Command, d)
	switch {
	case len(d.Changes) == 0:
		return machine.Decided{DependsOn: d.Outcome.DependsOn}
	case c.Probe: // what would be accepted depends on the booking as it stands
		m.Lookup(c.Command.Booking, &m.timers)
		return machine.Decided{DependsOn: m.timers.Outcome.DependsOn}
	}
	return machine.Decided{Changes: len(d.Changes)}
}

// hear takes what is no question, and shows the state to who looks.
func (m *Machine) hear(c *Call) (dependsOn Seq) {
	if m.State.EndsFollowed(c.EndsFollowed); c.Look != nil {
		c.Look(m.State)
	}
	if c.List != nil {
		dependsOn = c.List(m.State)
	}
	c.Decision.reset()
	return dependsOn
}

// read answers with a booking as it stands.
func (m *Machine) read(c *Call) (dependsOn Seq) {
	owner, ok := m.Owner(c.Command.Booking)
	if !ok || (owner != c.Command.Buyer && !c.Command.Operator && !m.Received(c.Command.Booking, c.Command.Buyer)) ||
		m.isLeg(c.Command.Booking) ||
		!m.Lookup(c.Command.Booking, &c.Decision) {
		c.Decision.Outcome.Rejection = BookingUnknown
		return 0
	}
	return c.Decision.Outcome.DependsOn
}

// expiryChangesMax bounds the expiries of one piece, so that a wave of lapsing holds is cut into records that leave
// room for buyers: 1024 changes encode to about 8 KiB and take well under a millisecond.
const expiryChangesMax = 1024

// DecideTimers ends the holds whose time has come: at most expiryChangesMax. The core checks ends itself meanwhile.
func (m *Machine) DecideTimers(at Instant) machine.Decided {
	c := Command{Kind: ExpireHolds, Max: expiryChangesMax, At: at, Operator: true}
	m.call, m.decision = nil, &m.timers
	switch turn, owed := m.sale.Owed(); {
	case owed || m.owesTerms() || m.prices.Owed() != nil:
		m.State.Decide(&Command{Kind: SwitchSale, Sale: max(turn, m.sale.Turn), Terms: m.termsOwed,
			Prices: m.prices.Owed(), At: at, Operator: true}, &m.timers)
		if turn.State() != sales.Cancelling { // else all holds end
			m.State.decideExpire(&c, &m.timers)
		}
		return machine.Decided{Changes: len(m.timers.Changes)}
	case m.sale.Off():
		c.Kind = WindUp
	}
	m.State.Decide(&c, &m.timers)
	return machine.Decided{Changes: len(m.timers.Changes)}
}

// AppendChanges encodes what was decided.
func (m *Machine) AppendChanges(dst []byte, recordAt Instant) []byte {
	for i := range m.decision.Changes {
		dst = AppendChange(dst, recordAt, &m.decision.Changes[i])
	}
	return dst
}

// Apply makes it true.
func (m *Machine) Apply(effects machine.Effects) {
	e := effects.(*Effects)
	for i := range m.decision.Changes {
		m.applyOne(&m.decision.Changes[i], e)
	}
	if c := m.call; c != nil && c.Reserved == 0 && !m.coordinated {
		m.share(c)
	}
}

// share has the hold counted for its buyer that nobody counted before: its request came from another node, or as a
// repeat of one that no section had met. From here on the seats are live seats of this memory, and are taken back with
// it.
func (m *Machine) share(c *Call) {
	if placed := &c.Decision.Changes[0]; placed.takesSeats() && placed.Exchange == nil {
		c.Reserved = uint32(len(placed.Seats))
		m.shares = append(m.shares, Share{Buyer: placed.Buyer, Seats: c.Reserved, Taken: true})
	}
}

func (m *Machine) applyOne(c *Change, e *Effects) {
	owner, known, sold := BuyerID{}, false, false
	if frees(c.Kind) {
		owner, known = m.Owner(c.Booking)
		leg := c.Kind == LegFreed || c.Kind == LegSeatsFreed
		known = known && m.counts(m.bookings.find(c.Booking))
		sold = c.Kind != HoldReleased && c.Kind != HoldExpired && (!leg || m.isSold(c.Booking))
	}
	m.touched = m.State.Apply(c, m.touched[:0])
	if known && len(m.touched) > 0 {
		m.shares = append(m.shares, Share{Buyer: owner, Seats: uint32(len(m.touched))})
		e.Shares++
	}
	m.note(c, e)
	if m.hasFinished(c) {
		e.Orders = append(e.Orders, c.Booking)
	}
	for _, seat := range m.touched {
		e.Seats = append(e.Seats, SeatChange{seat, m.Status(seat)})
		switch {
		case c.Kind == BookingExchanged && m.Status(seat) == Sold:
			e.Sell = append(e.Sell, Ticket{Seat: seat, Booking: c.Exchange.Of})
		case c.Kind == BookingExchanged:
			e.refund(seat)
		case c.Kind == BookingSold || c.Kind == LegSold:
			e.Sell = append(e.Sell, Ticket{Seat: seat, Booking: c.Booking})
		case sold:
			e.refund(seat)
		}
	}
}

func frees(k ChangeKind) bool {
	switch k {
	case HoldReleased, HoldExpired, BookingRefundedChange, RefundPending, RefundDone, LegFreed, LegSeatsFreed:
		return true
	}
	return false
}

// Replay applies a record of the log. Impossible changes panic, as in Apply.
func (m *Machine) Replay(body []byte, at Instant, effects machine.Effects) (changes int, err error) {
	e, _ := effects.(*Effects)
	err = DecodeChanges(body, at, func(c *Change) error {
		changes++
		if e == nil {
			m.touched = m.State.Apply(c, m.touched[:0])
			return nil
		}
		m.applyOne(c, e)
		if c.takesSeats() && c.Exchange == nil && !m.coordinated {
			m.shares = append(m.shares, Share{Buyer: c.Buyer, Seats: uint32(len(c.Seats)), Taken: true})
		}
		if c.Request != (RequestID{}) {
			e.Requests = append(e.Requests, AnsweredRequest{c.Request, c.At})
		}
		return nil
	})
	return changes, err
}

// Shares drains how live seats of buyers have changed, in order, since it was last asked.
func (m *Machine) Shares() []Share {
	out := m.shares[m.sharesAt:]
	m.shares, m.sharesAt = m.shares[:0], 0
	return out
}

// Tickets gives the rows that a record's effects change in the tickets table.
func (m *Machine) Tickets(e machine.Effects) (sell []Ticket, refund []SeatIndex) {
	effects := e.(*Effects)
	return effects.Sell, effects.Refund
}
