package history

import (
	"errors"
	"fmt"
)

// Validate says whether every number in the history points at something. A history that does not pass was recorded or
// read wrongly, and no check of it would mean anything. It looks at each operation once.
func (h *History) Validate() error {
	if len(h.Header.Events) == 0 {
		return errors.New("check: history: it names no event")
	}
	for i, p := range h.Parts {
		for n := range p.Ops {
			if err := h.validate(p, n); err != nil {
				return fmt.Errorf("check: history: part %d, operation %d: %w", i, n, err)
			}
		}
	}
	return nil
}

func (h *History) validate(p *Part, n int) error {
	op := &p.Ops[n]
	switch {
	case op.Kind < Hold || op.Kind > Leg:
		return fmt.Errorf("kind %d means nothing", op.Kind)
	case op.Verdict < Done || op.Verdict > Unknown:
		return fmt.Errorf("verdict %d means nothing", op.Verdict)
	case int(op.Event) >= len(h.Header.Events):
		return fmt.Errorf("event %d of %d", op.Event, len(h.Header.Events))
	case op.Call > op.Return:
		return errors.New("it returned before it was called")
	case op.Return == Never && op.Verdict != Unknown:
		return errors.New("an answer that never came, with a verdict")
	case !p.holds(op):
		return errors.New("a span reaches beyond its arena")
	case op.Kind.OnBooking():
		return p.validateOnBooking(op)
	case op.Kind == Leg:
		if err := p.validateLeg(n); err != nil {
			return err
		}
	}
	return h.validatePlace(p, op)
}

// OnBooking: about a booking that stands, not about seats of one's choice.
// IsDeed says that the operation is about a booking that was placed before.
func (k Kind) OnBooking() bool { return k == Release || k == Extend || k == Confirm }

func (p *Part) holds(op *Op) bool {
	inside := func(s Span, size int) bool { return uint64(s.At)+uint64(s.Len) <= uint64(size) }
	return inside(op.Seats, len(p.Seats)) && inside(op.Lost, len(p.Seats)) && inside(op.Text, len(p.Text))
}

func (p *Part) validateOnBooking(op *Op) error {
	if op.Of < 0 || int(op.Of) >= len(p.Ops) {
		return fmt.Errorf("it is about operation %d of %d", op.Of, len(p.Ops))
	}
	if about := p.Ops[op.Of].Kind; about != Hold && about != Best {
		return fmt.Errorf("it is about operation %d, which places no booking", op.Of)
	}
	return nil
}

// validateLeg: it belongs to the booking before it, and lies in a section where that has no other seats.
func (p *Part) validateLeg(n int) error {
	leg := &p.Ops[n]
	if leg.Of < 0 || int(leg.Of) >= n {
		return fmt.Errorf("a leg of operation %d", leg.Of)
	}
	of := &p.Ops[leg.Of]
	switch {
	case !granted(of):
		return fmt.Errorf("a leg of operation %d, which placed no booking", leg.Of)
	case leg.Verdict != Done || leg.Event != of.Event || leg.Buyer != of.Buyer || leg.Key != of.Key ||
		leg.Call != of.Call || leg.Return != of.Return:
		return errors.New("a leg that is not its booking's")
	case leg.Section == AnySection || leg.Seats.Len == 0:
		return errors.New("a leg without a section or without seats")
	case leg.Section == of.Section:
		return errors.New("a leg where its booking has seats already")
	}
	for i := int(leg.Of) + 1; i < n; i++ {
		if other := &p.Ops[i]; other.Kind != Leg || other.Of != leg.Of || other.Section == leg.Section {
			return errors.New("a leg that does not stand with its booking's, or in the section of another")
		}
	}
	return nil
}

func (h *History) validatePlace(p *Part, op *Op) error {
	sections := h.Header.Events[op.Event].Sections
	if op.Section == AnySection {
		if op.Kind != Best || op.Verdict == Done || op.Seats.Len > 0 || op.Lost.Len > 0 {
			return errors.New("any section, where one is needed")
		}
		return nil
	}
	if int64(op.Section) >= int64(len(sections)) {
		return fmt.Errorf("section %d of %d", op.Section, len(sections))
	}
	if granted(op) && (op.Seats.Len == 0 || op.Text.Len == 0) {
		return errors.New("a granted booking without seats or without an id")
	}
	size := uint32(sections[op.Section].Seats)
	for _, span := range [2]Span{op.Seats, op.Lost} {
		for _, seat := range p.SeatsOf(span) {
			if seat >= size {
				return fmt.Errorf("seat %d of %d", seat, size)
			}
		}
	}
	return nil
}

// granted: the operation placed a booking, and said so.
func granted(op *Op) bool { return op.Verdict == Done && (op.Kind == Hold || op.Kind == Best) }
