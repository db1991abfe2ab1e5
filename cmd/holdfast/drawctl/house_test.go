package drawctl

import (
	"encoding/hex"
	"slices"
	"testing"

	"holdfast/actors/gate"
	"holdfast/actors/gate/beacon"
	"holdfast/actors/gate/draw"
	"holdfast/api/wire"
	"holdfast/api/wire/drawproof"
	"holdfast/storage"
)

// Two rounds of quicknet as drand published them, and when the first was.
const (
	round      = 32285085
	signature  = "81dbce51d584d90d618547f4b50391d53ace6f6b9aeb8fb67e1879427af9d0310ac0ec6f519271d9a313ee84b378d416"
	signature2 = "a64d99fd7fa3e48912be7209c7b69c72c88fc5224be2516949b6f29f3a4b7e3fa069dd58b2bbb4bf2c34ae61ef631a44"
	published  = gate.Instant(1692803367+(round-1)*3) * 1000
	closes     = published - 60_000
)

var event = storage.EventID{0xe1, 7}

func sig(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

func quicknetRule() gate.DrawRule {
	return gate.DrawRule{
		Chain:   beacon.Quicknet().Hash,
		Genesis: 1692803367000,
		Period:  3000,
		Round:   round,
		Late:    30_000,
	}
}

// house drives a gate's machine, and keeps its log.
type house struct {
	t   *testing.T
	m   *gate.Machine
	now gate.Instant
	log []Record
}

func (h *house) next() gate.Seq { return gate.Seq(len(h.log)) + 1 }

func (h *house) keep(kind string, body []byte) {
	h.log = append(
		h.log,
		Record{Event: event.String(), Seq: uint64(h.next()), At: wire.Time(h.now), Kind: kind, Body: body},
	)
}

func (h *house) write() {
	h.m.Begin(h.next())
	body := h.m.AppendChanges(nil, h.now)
	h.m.Apply(h.m.NewEffects())
	h.keep("changes", body)
}

func (h *house) pass(to gate.Instant) {
	h.now = to
	for due, ok := h.m.NextTimer(); ok && due <= h.now; due, ok = h.m.NextTimer() {
		h.m.DecideTimers(h.now)
		h.write()
	}
}

func (h *house) do(at gate.Instant, c gate.Command) {
	h.t.Helper()
	h.pass(at)
	call := gate.Call{Command: c}
	if h.m.Decide(&call, at).Changes == 0 {
		h.t.Fatalf("at %d, command %d changes nothing: %v", at, c.Kind, call.Answer.Rejection)
	}
	h.write()
	h.pass(at)
}

func buyer(n byte) gate.Buyer { return gate.Buyer{n, 0xb} }

// lobby opens a waiting room of nine entrants and closes its lobby at an instant; then one more joins.
func lobby(t *testing.T, rule gate.DrawRule, closed gate.Instant) *house {
	h := lobbyOf(t, rule, closed, 0, 1, 2, 3, 4, 5, 6, 7, 8)
	h.do(closed+10, gate.Command{Kind: gate.Join, Entrants: []gate.Entrant{{Buyer: buyer(99), Party: 1}}})
	return h
}

func lobbyOf(t *testing.T, rule gate.DrawRule, closed gate.Instant, entrants ...byte) *house {
	h := &house{t: t, m: (&gate.Kind{}).New().(*gate.Machine), now: closes - 5000}
	h.keep(wire.LogClaim, nil)
	h.m.Claimed(1, h.now)
	h.do(closes-4000, gate.Command{Kind: gate.Found, Settings: gate.Settings{Event: event, ClosesAt: closes,
		DoorsAt: published + 10_000, Cap: 2, Session: 60_000, Turn: 1000, Rule: rule, SaltKey: [32]byte{4}}})
	for _, n := range entrants {
		h.do(closes-2000+gate.Instant(n), gate.Command{Kind: gate.Join,
			Entrants: []gate.Entrant{{Buyer: buyer(n), Party: 1 + n%3}}})
	}
	h.pass(closed)
	return h
}

func (h *house) state() *drawproof.State {
	p, set := h.m.Public(), h.m.Settings()
	s := &drawproof.State{Event: event.String(), Phase: p.Phase, ClosesAt: set.ClosesAt, Rule: set.Rule,
		Entrants: p.Entrants, Root: p.Root, Round: p.Round, Signature: slices.Clone(h.m.Signature()), Seed: p.Seed}
	if c := h.read().closed; c != nil {
		s.ClosedAt = c.At
	}
	return s
}

// lobbyDocument is what was published while the lobby was open.
func (h *house) lobbyDocument() *drawproof.Document {
	s := h.state()
	s.Phase = gate.Lobby
	return drawproof.Of(s)
}

// document is what is published now, with the place of a number.
func (h *house) document(number uint32) *drawproof.Document {
	d, log, key := drawproof.Of(h.state()), h.read(), h.m.Settings().SaltKey
	var leaves []draw.Hash
	for n, e := range log.joined[:*d.Close.Entrants] {
		leaves = append(leaves, draw.Leaf(uint32(n), e.Pseudonym, e.Party, draw.SaltOf(&key, uint32(n))))
	}
	e := log.joined[number]
	d.Show(gate.Number(number), gate.Entrant{Buyer: e.Pseudonym, Party: e.Party}, draw.SaltOf(&key, number),
		draw.NewTree(leaves).Path(number))
	return d
}

func (h *house) read() *Log {
	h.t.Helper()
	return logOf(h.t, h.log)
}

func logOf(t *testing.T, records []Record) *Log {
	t.Helper()
	l := NewLog()
	for _, r := range records {
		if err := l.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// forge rewrites the changes of a log, as an operator with the store in hand could.
func (h *house) forge(bend func(c *gate.Change)) (log []Record) {
	h.t.Helper()
	for _, r := range h.log {
		body, at := []byte(nil), gate.Instant(r.At)
		if err := gate.DecodeChanges(r.Body, at, func(c *gate.Change) error {
			if bend(c); c.Kind != 0 {
				body = gate.AppendChange(body, at, c)
			}
			return nil
		}); err != nil {
			h.t.Fatal(err)
		}
		r.Body = body
		log = append(log, r)
	}
	return log
}
