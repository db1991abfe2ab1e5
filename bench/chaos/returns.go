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
//	in the log:      held ── paying ── sold ── refunded   in the answers:  confirm acknowledged   refund acknowledged
//	as it is told:   held ── paying ── held ── released                    confirm refused        release acknowledged
//
// The legs of such a booking in other sections were sold and freed by their home's word, which is another one now: they
// are told as never sold, and as freed by the release.
//
// Request and place in the log stay what they are, so that everything the checker says of time, order and repeats holds
// of the refund as well.

// telling is how refunds are retold.
type telling struct {
	given map[string]bool   // bookings that the log shows refunded
	names map[string]string // of the log's name for an operator's request, the name that a buyer's would have had
	// owners is, by booking, the latter name of the first refund asked for: one that was settled by somebody else than
	// who was asked names no request in the log.
	owners map[string]string
	orders map[eventName]bool // of bookings in given: those over several sections
}

// retell turns the recorders' refunds into what the checker knows, by what the log says. A refund that was acknowledged
// and is not in the log is a finding (P2); so is one that nobody asked for.
func retell(recorders []*recorder, changes []wire.LogChange, finds *findings) *telling {
	t := &telling{given: map[string]bool{}, names: map[string]string{}, owners: map[string]string{},
		orders: map[eventName]bool{}}
	for i := range changes {
		if changes[i].Kind == wire.LogRefunded {
			t.given[changes[i].Booking] = true
		}
	}
	for i := range changes {
		if c := &changes[i]; c.Kind == wire.LogHoldPlaced && c.Order != "" && t.given[c.Booking] {
			t.orders[eventName{c.Event, c.Order}] = true
		}
	}
	for _, r := range recorders {
		for i := range r.refunds {
			t.refund(r, &r.refunds[i], finds)
		}
		r.unsell(t.given)
	}
	for id := range t.given {
		if t.owners[id] == "" {
			finds.add(checkRefunds, fmt.Sprintf("booking %s is refunded in the log, and nobody asked for it", id))
		}
	}
	return t
}

func (t *telling) refund(r *recorder, one *refunded, finds *findings) {
	if !t.given[one.booking] {
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
func (r *recorder) unsell(given map[string]bool) {
	p := &r.part
	for i := range p.Ops {
		if op := &p.Ops[i]; op.Kind == history.Confirm && given[string(p.TextOf(p.Ops[op.Of].Text))] {
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
		if t.given[c.Booking] {
			t.line(&c)
		}
		if t.orders[eventName{c.Event, c.Order}] {
			t.leg(&c)
		}
		out = append(wire.AppendLogChange(out, &c), '\n')
	}
	return io.NopCloser(bytes.NewReader(out))
}

func (t *telling) line(c *wire.LogChange) {
	switch c.Kind {
	case wire.LogSold:
		c.Kind = wire.LogPaymentFailed
	case wire.LogRefunded:
		c.Kind = wire.LogHoldReleased
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
