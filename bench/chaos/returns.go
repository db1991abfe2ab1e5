package chaos

import (
	"bytes"
	"fmt"
	"io"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// The checker of histories knows no refunds. A booking that the log shows refunded is told to it as one whose payment
// failed and which was then released:
//
//	in the log:      held ── paying ── sold ── given back  in the answers:  confirm acknowledged  refund acknowledged
//	as it is told:   held ── paying ── held ── released                     confirm refused       release acknowledged
//
// Given back are a booking's seats by the line that puts them on sale again: that the processor has taken the refund
// (refund_pending), or, where it gave the money at once, that it is refunded. Later words on the same money move no
// seat, and stay as they are.
//
// The legs of such a booking in other sections were sold and freed by their home's word, which is another one now: they
// are told as never sold, and as freed by the release.
//
// Request and place in the log stay what they are, so that everything the checker says of time, order and repeats holds
// of the refund as well.

// telling is how refunds are retold.
type telling struct {
	given map[string]int    // bookings that the log shows given back, and by which line
	names map[string]string // of the log's name for an operator's request, the name that a buyer's would have had
	// owners is, by booking, the latter name of the first refund asked for: one that was settled by somebody else than
	// who was asked names no request in the log.
	owners map[string]string
	orders map[eventName]bool // of bookings in given: those over several sections
}

// retell turns the recorders' refunds into what the checker knows, by what the log says. A refund that was acknowledged
// and is not in the log is a finding (P2); so is one that nobody asked for.
func retell(recorders []*recorder, changes []wire.LogChange, finds *findings) *telling {
	t := &telling{given: givenBack(changes), names: map[string]string{}, owners: map[string]string{},
		orders: map[eventName]bool{}}
	for i := range changes {
		if c := &changes[i]; c.Kind == wire.LogHoldPlaced && c.Order != "" && t.has(c.Booking) {
			t.orders[eventName{c.Event, c.Order}] = true
		}
	}
	for _, r := range recorders {
		for i := range r.refunds {
			t.refund(r, &r.refunds[i], finds)
		}
		r.unsell(t)
	}
	for id := range t.given {
		if t.owners[id] == "" {
			finds.add(checkRefunds, fmt.Sprintf("booking %s is refunded in the log, and nobody asked for it", id))
		}
	}
	return t
}

// givenBack finds the line of each booking that puts its seats on sale again. Nobody here refunds single seats.
func givenBack(changes []wire.LogChange) map[string]int {
	given, back := map[string]int{}, new(returned)
	for i := range changes {
		c := &changes[i]
		if _, was := given[c.Booking]; back.by(c) && !was {
			given[c.Booking] = i
		}
	}
	return given
}

// returned follows which lines about refunds put seats on sale again.
type returned struct{ owed map[string]bool }

// by says that a line does. One that names seats does with those; one of a build that owed nothing first does with all
// of the booking's.
func (r *returned) by(c *wire.LogChange) bool {
	switch c.Kind {
	case wire.LogRefundDue:
		if r.owed == nil {
			r.owed = map[string]bool{}
		}
		r.owed[c.Booking] = true
	case wire.LogRefundPending:
		return len(c.Seats) > 0
	case wire.LogRefunded:
		return len(c.Seats) > 0 || !r.owed[c.Booking]
	}
	return false
}

// has says that a booking was given back.
func (t *telling) has(booking string) bool {
	_, given := t.given[booking]
	return given
}

func (t *telling) refund(r *recorder, one *refunded, finds *findings) {
	if !t.has(one.booking) {
		if one.done {
			finds.add(checkRefunds, fmt.Sprintf("the refund of booking %s was acknowledged and is not in the log",
				one.booking))
		}
		refuse(&r.part.Ops[one.op])
		return
	}
	key := []byte(keyName(one.key))
	name := wire.HashText(wire.RequestHash(wire.BuyerHash(buyerName(one.buyer)), key))
	t.names[wire.HashText(wire.OperatorRequestHash(key))] = name
	if t.owners[one.booking] == "" {
		t.owners[one.booking] = name
	}
}

// unsell makes the confirmations of refunded bookings refused ones.
func (r *recorder) unsell(t *telling) {
	p := &r.part
	for i := range p.Ops {
		if op := &p.Ops[i]; op.Kind == history.Confirm && t.has(string(p.TextOf(p.Ops[op.Of].Text))) {
			refuse(op)
		}
	}
}

// refuse makes an operation one that surely had no effect. That means that an answer came, and the checker insists.
func refuse(op *history.Op) {
	op.Verdict = history.Refused
	if op.Return == history.Never {
		op.Return = op.Call
	}
}

// log is the log as the checker is told it.
func (t *telling) log(changes []wire.LogChange) io.ReadCloser {
	var out []byte
	for i := range changes {
		c := changes[i]
		if at, given := t.given[c.Booking]; given {
			t.line(&c, i == at)
		}
		if t.orders[eventName{c.Event, c.Order}] {
			t.leg(&c)
		}
		out = append(wire.AppendLogChange(out, &c), '\n')
	}
	return io.NopCloser(bytes.NewReader(out))
}

func (t *telling) line(c *wire.LogChange, back bool) {
	switch {
	case c.Kind == wire.LogSold:
		c.Kind = wire.LogPaymentFailed
	case back:
		c.Kind, c.Seats = wire.LogHoldReleased, nil
		if named := t.names[c.Request]; named != "" {
			c.Request = named
		} else if c.Request == "" {
			c.Request = t.owners[c.Booking]
		}
	}
}

// leg tells a line of an order that was refunded. What its legs had heard of the sale is told as of money.
func (t *telling) leg(c *wire.LogChange) {
	if c.Kind == wire.LogLegSold || c.Kind == wire.LogOrderSettled {
		c.Kind = wire.LogPaymentChallenged
	}
}
