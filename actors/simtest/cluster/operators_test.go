package cluster_test

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"holdfast/actors"
	"holdfast/storage"
)

// operators switch the sale off and on, at any node, and their calls come back late: at other nodes, and after those
// were started anew.
type operators struct {
	w        *world
	switches []*saleSwitch
}

// saleSwitch is one throw of the switch under one key.
type saleSwitch struct {
	who    actors.Caller
	to     storage.SaleState
	thrown int  // how often the store's switch was moved by it
	told   bool // somebody heard that it is done
}

// come throws the switch now and then, repeats an earlier throw, and comes again.
func (o *operators) come() {
	w := o.w
	if w.calm {
		return
	}
	host := w.spots[w.chance.IntN(len(w.spots))].host
	switch {
	case len(o.switches) > 0 && w.percent(60):
		o.send(o.switches[w.chance.IntN(len(o.switches))], host)
	case w.percent(30):
		o.send(o.add(storage.SalePaused), host)
	default: // mostly open: buyers are to have something to do
		o.send(o.add(storage.SaleOpen), host)
	}
	w.at(w.between(20*time.Millisecond, 300*time.Millisecond), nil, "operators", o.come)
}

func (o *operators) add(to storage.SaleState) *saleSwitch {
	s := &saleSwitch{to: to, who: actors.Caller{Operator: true, Fingerprint: uint64(len(o.switches))}}
	copy(s.who.Request[:], "switch")
	binary.BigEndian.PutUint64(s.who.Request[8:], uint64(len(o.switches)+1))
	o.switches = append(o.switches, s)
	return s
}

func (o *operators) send(s *saleSwitch, h *host) {
	if h == nil || h.dead || !h.opened {
		return
	}
	w := o.w
	w.tally["switch"]++
	if s.told {
		w.tally["switch repeated late"]++
	}
	h.thread("switch", func() {
		defer h.lockCatalog()()
		ctx := context.WithValue(context.Background(), operatorCall{}, s)
		_, err := h.e.ThrowSwitch(ctx, w.plan.header.ID, s.who, s.to)
		w.note(h, "switch %d to %s: %v", s.who.Fingerprint, s.to, err)
		switch {
		case err == nil && s.thrown == 0:
			w.failf("P2: switch %d is told as thrown, and no store has it", s.who.Fingerprint)
		case err == nil:
			s.told = true
		case errors.Is(err, actors.ErrMismatch):
			w.failf("P5: switch %d is called a mismatch", s.who.Fingerprint)
		}
	})
}

// thrown judges what the store did: a key moves the switch once, whenever its repeats come (P5).
func (o *operators) thrown(h *host, s *saleSwitch, err error) {
	if err != nil || s == nil {
		return
	}
	o.w.stirs++
	if s.thrown++; s.thrown > 1 {
		o.w.failf("P5: the switch to %s was thrown %d times under one key, at last by n%d", s.to, s.thrown, h.number)
	}
}

// refused judges a buyer who was told that the sale is not open: a switch was off at some time, and the intent had not
// been done before (P5).
func (o *operators) refused(c *call) {
	e, durable := o.w.judge.effects[c.intent.who.Request]
	switch {
	case len(o.switches) == 0 || c.peace:
		o.w.failf("intent %d is told that the sale is not open, and nobody closed it", c.intent.number)
	case durable && !c.h.ev.Keys().Knows(c.intent.who.Request): // a node that is behind has not heard of the booking
		o.w.tally["told that the sale is not open, by a node that is behind"]++
	case durable && e.order < c.order && e.Fingerprint == c.intent.who.Fingerprint && c.intent.keyed():
		o.w.failf(
			"P5: intent %d has its booking %d in section %d, and is told that the sale is not open", c.intent.number,
			e.Booking, e.section,
		)
	}
}

// reopen ends the operators' games: at rest the sale is open, and every node has heard so.
func (o *operators) reopen() {
	w := o.w
	_ = w.store.SetSale(context.Background(), w.plan.header.ID, storage.SaleOpen, storage.OperatorKey{})
}

// watchCatalog is the engine's, at its own pace.
func (h *host) watchCatalog() {
	for {
		h.wait(h.w.time().Add(catalogEvery), nil)
		unlock := h.lockCatalog()
		_ = h.e.CatalogRound()
		unlock()
	}
}

// lockCatalog waits until nobody else has the engine's catalog: its mutex would stop the world.
func (h *host) lockCatalog() (unlock func()) {
	h.wait(time.Time{}, func() bool { return !h.cataloguing })
	h.cataloguing = true
	return func() { h.cataloguing = false }
}

const catalogEvery = 300 * time.Millisecond
