package check

import (
	"fmt"
	"slices"

	"holdfast/bench/check/history"
)

// judgeOrders holds homes and legs against each other, and the legs of what was answered against the answers, once all
// sections were read. A leg that cites a record behind the end of its home's log was read later, and is not judged by
// that.
func (p *replay) judgeOrders() {
	for i := range p.orders {
		o := &p.orders[i]
		for n := range o.legs {
			p.judgeLeg(o, &o.legs[n])
			p.countSold(o, &o.legs[n])
		}
		if o.placed {
			p.judgeAnswer(o)
		}
	}
}

func (p *replay) wrongLeg(code Code, o *logOrder, leg *logLeg, format string, args ...any) {
	event, section := p.requests.names(leg.section)
	text := fmt.Sprintf("leg %s of order %s: %s", leg.booking, o.name, fmt.Sprintf(format, args...))
	p.faults.add(Fault{code, event, section, -1, text})
}

func (p *replay) judgeLeg(o *logOrder, leg *logLeg) {
	if o.home == none {
		return // blamed as it was read
	}
	if o.placed && leg.buyer != o.buyer {
		p.wrongLeg(LogDiffers, o, leg, "its buyer is not that of its booking %s", o.text)
	}
	for _, word := range leg.words {
		switch seq, to := word[0], logState(word[1]); {
		case seq == 0 && (o.placed || to == soldFor):
			p.wrongLeg(LogLeg, o, leg, "%v as of an order that was never placed", to)
		case seq == 0 || seq > p.lastSeq[o.home]:
		case !slices.Contains(o.words, word):
			p.wrongLeg(LogLeg, o, leg, "%v by record %d of its home, which does not say so", to, seq)
		}
	}
	if o.settled {
		if to := logState(o.words[len(o.words)-1][1]); leg.state != to {
			p.wrongLeg(LogLeg, o, leg, "it is %v, and its home says that it has heard of being %v", leg.state, to)
		}
	}
}

// countSold adds the seats of a leg that was sold to those of confirmations that were acknowledged, or not.
func (p *replay) countSold(o *logOrder, leg *logLeg) {
	if o.booking == none {
		return
	}
	life := &p.bookings[o.booking]
	for _, word := range leg.words {
		switch {
		case logState(word[1]) != soldFor || life.selling == history.Never:
		case life.sold == history.Never:
			p.ofUnknown += uint64(len(leg.seats))
		default:
			p.ofConfirmed += uint64(len(leg.seats))
		}
	}
	if life.sold != history.Never && leg.state == bound {
		p.wrongLeg(LogMissing, o, leg, "its booking %s was confirmed, and the leg is not sold", o.text)
	}
}

// judgeAnswer holds an order's legs against what its buyer was told, or had asked for.
func (p *replay) judgeAnswer(o *logOrder) {
	if o.request == none {
		return
	}
	r := &p.list[o.request]
	part, op := p.op(r.op)
	seats := o.seats
	for i := range o.legs {
		leg := &o.legs[i]
		seats += len(leg.seats)
		if answered := p.seatsIn(r.op, leg.section); r.grants() && !p.same(answered, leg.seats) {
			p.wrongLeg(LogDiffers, o, leg, "seats %v, and %v in %s", leg.seats, answered, p.tellRequest(o.request))
		}
	}
	event, section := p.requests.names(o.home)
	switch legs := len(part.LegsOf(int(uint32(r.op)))); {
	case r.grants() && legs > len(o.legs):
		p.faults.add(Fault{LogMissing, event, section, -1, fmt.Sprintf("order %s, booking %s: %d legs, and %d in %s",
			o.name, o.text, len(o.legs), legs, p.tellRequest(o.request))})
	case !r.grants() && r.kind == history.Best && seats > int(op.Quantity):
		p.faults.add(Fault{LogDiffers, event, section, -1, fmt.Sprintf("order %s, booking %s: %d seats for %s", o.name,
			o.text, seats, p.tellRequest(o.request))})
	}
}
