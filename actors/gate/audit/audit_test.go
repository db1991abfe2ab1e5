package audit_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"holdfast/actors/gate"
	"holdfast/actors/gate/audit"
	"holdfast/actors/gate/draw"
)

// record is one entry taken apart, so that a test can bend it.
type record struct {
	audit.Entry
	changes []gate.Change
}

// house drives a gate and keeps its log.
type house struct {
	t   *testing.T
	m   *gate.Machine
	now gate.Instant
	log []record
}

func (h *house) claim() {
	h.log = append(h.log, record{Entry: audit.Entry{Seq: h.next(), At: h.now, Claim: true}})
	h.m.Claimed(h.next(), h.now)
}

func (h *house) next() gate.Seq { return gate.Seq(len(h.log)) + 1 }

func (h *house) write() {
	h.m.Begin(h.next())
	r := record{Entry: audit.Entry{Seq: h.next(), At: h.now, Body: h.m.AppendChanges(nil, h.now)}}
	h.m.Apply(h.m.NewEffects())
	if err := gate.DecodeChanges(r.Body, h.now, func(c *gate.Change) error {
		kept := *c
		kept.Entrants, kept.Sessions = slices.Clone(c.Entrants), slices.Clone(c.Sessions)
		kept.Acks = slices.Clone(c.Acks)
		kept.Stock.Sections, kept.Signature = slices.Clone(c.Stock.Sections), slices.Clone(c.Signature)
		r.changes = append(r.changes, kept)
		return nil
	}); err != nil {
		h.t.Fatal(err)
	}
	h.log = append(h.log, r)
}

func (h *house) timers() {
	for due, ok := h.m.NextTimer(); ok && due <= h.now; due, ok = h.m.NextTimer() {
		h.m.DecideTimers(h.now)
		h.write()
	}
}

func (h *house) pass(to gate.Instant) {
	h.now = to
	h.timers()
}

func (h *house) do(at gate.Instant, c gate.Command) {
	h.t.Helper()
	h.now = at
	h.timers()
	call := gate.Call{Command: c}
	if h.m.Decide(&call, at).Changes == 0 {
		h.t.Fatalf("at %d, command %d changes nothing: %v, %+v", at, c.Kind, call.Answer.Rejection, call.Answer.Place)
	}
	h.write()
	h.timers()
}

func who(n byte) gate.Buyer { return gate.Buyer{n, 0xb} }

// at gives the buyer of a rank.
func (h *house) at(rank uint32) (b gate.Buyer) {
	h.m.Entrants(func(no gate.Number, e gate.Entrant) {
		if h.m.Rank(no) == gate.Rank(rank) {
			b = e.Buyer
		}
	})
	return b
}

// honest is a log in which everything happens once: a draw, no-shows, latecomers, the present, a pause, an outage,
// barriers, and sessions that end in each way.
func honest(t *testing.T) []record {
	h := &house{t: t, m: (&gate.Kind{}).New().(*gate.Machine)}
	h.claim()
	h.do(
		0,
		gate.Command{Kind: gate.Found, Settings: gate.Settings{ClosesAt: 1000, DoorsAt: 4000, Cap: 2, Session: 60_000,
			Turn: 1000, Grace: 1000, MeanSeats: 2000, Return: 100, Rate: 20_000,
			Rule: gate.DrawRule{Chain: [32]byte{1}, Period: 1000, Round: 4, Late: 2000}}},
	)
	for n := range byte(10) {
		h.do(gate.Instant(n), gate.Command{Kind: gate.Join, Oldest: gate.Instant(n) / 2,
			Entrants: []gate.Entrant{{Buyer: who(n), Party: 1 + n%3}}})
	}
	h.do(
		10,
		gate.Command{
			Kind: gate.Restock, Stock: gate.Stock{Free: 30, Sections: []gate.SectionSeq{{Section: 3, Seq: 9}}},
		},
	)
	h.pass(1000)
	h.do(3000, gate.Command{Kind: gate.HandIn, Round: 4, Signature: []byte("of round 4")})
	take := func(at gate.Instant, rank uint32) { h.do(at, gate.Command{Kind: gate.Take, Buyer: h.at(rank)}) }
	stock := gate.Stock{Free: 28, Held: 2, Holding: 1, Sections: []gate.SectionSeq{{Section: 3, Seq: 12}}}
	take(4100, 0)
	h.do(4200, gate.Command{Kind: gate.Operate, Action: gate.Pause, Reason: "alarm"})
	h.do(9000, gate.Command{Kind: gate.Operate, Action: gate.Resume, Reason: "false alarm"})
	h.do(9100, gate.Command{Kind: gate.Restock, Stock: stock})
	h.now = 9500
	h.claim() // 400 ms are an outage
	h.do(10_200, gate.Command{Kind: gate.Join, Entrants: []gate.Entrant{{Buyer: who(70), Party: 1}}})
	h.do(10_300, gate.Command{Kind: gate.Take, Buyer: h.at(1)}) // late
	h.do(10_400, gate.Command{Kind: gate.Operate, Action: gate.SetCap, Value: 3, Reason: "room"})
	h.do(10_450, gate.Command{Kind: gate.Take, Buyer: h.at(2)})
	h.do(10_500, gate.Command{Kind: gate.Operate, Action: gate.SetCap, Value: 5, Reason: "room"})
	h.do(10_510, gate.Command{Kind: gate.Operate, Action: gate.SetCap, Value: 3, Reason: "no room"})
	take(10_520, 4) // present
	take(10_530, 3) // present, and before
	h.do(10_600, gate.Command{Kind: gate.Finish, Session: 1})
	free := func(at gate.Instant, no ...gate.SessionNo) {
		h.do(at, gate.Command{Kind: gate.Free, Sessions: no, Acks: []gate.Ack{{Node: gate.Node{1}, Seq: h.next() - 1}}})
	}
	free(10_700, 1)
	take(10_800, 3) // offered
	h.do(70_500, gate.Command{Kind: gate.Leave, Buyer: h.at(4)})
	h.pass(71_000)
	free(71_100, 2, 3)
	h.pass(80_000)
	h.pass(90_000)
	return h.log
}

func (r *record) String() string {
	kinds := []string{}
	for _, c := range r.changes {
		kinds = append(kinds, fmt.Sprint(c.Kind))
	}
	return strings.Join(kinds, " ")
}

func run(log []record, o audit.Options) *audit.Report {
	var entries []audit.Entry
	for i := range log {
		e := log[i].Entry
		e.Seq, e.Body = gate.Seq(i+1), nil
		for j := range log[i].changes {
			e.Body = gate.AppendChange(e.Body, e.At, &log[i].changes[j])
		}
		entries = append(entries, e)
	}
	return audit.Run(slices.Values(entries), o)
}

func beacon(round uint64, _, signature []byte) error {
	if want := fmt.Sprint("of round ", round); want != string(signature) {
		return errors.New("want " + want)
	}
	return nil
}

// nth gives the n-th change of a kind, from 0, and its record.
func nth(t *testing.T, log []record, k gate.ChangeKind, n int) (*gate.Change, int) {
	t.Helper()
	for i := range log {
		for j := range log[i].changes {
			if log[i].changes[j].Kind == k {
				if n--; n < 0 {
					return &log[i].changes[j], i
				}
			}
		}
	}
	t.Fatalf("the log has no such change of kind %d", k)
	return nil, 0
}

// TestHonestLogIsClean: whatever is found in the other tests was planted there.
func TestHonestLogIsClean(t *testing.T) {
	log := honest(t)
	for k := gate.Founded; k <= gate.Outage; k++ {
		if k != gate.DoorsOpened {
			nth(t, log, k, 0)
		}
	}
	report := run(log, audit.Options{Beacon: beacon, Stock: func(*gate.Stock) error { return nil }})
	for _, f := range report.Findings {
		t.Error(f)
	}
	if report.Joined != 11 || report.Admitted != 4 || report.EntrantsOfTheDraw != 10 || report.CallsOnStock == 0 ||
		!report.IndependentBeacon || report.LongestJoinWaiting != 5 {
		t.Errorf("%+v", report)
	}
	blind := run(log, audit.Options{})
	if len(blind.Unchecked) != len(report.Unchecked)+2 {
		t.Errorf("P8: what nobody checked is not said: %q", blind.Unchecked)
	}
}

// bend changes the n-th change of a kind.
func bend(k gate.ChangeKind, n int, how func(c *gate.Change)) func(*testing.T, []record) []record {
	return func(t *testing.T, log []record) []record {
		c, _ := nth(t, log, k, n)
		how(c)
		return log
	}
}

// drop takes the n-th change of a kind out.
func drop(k gate.ChangeKind, n int) func(*testing.T, []record) []record {
	return func(t *testing.T, log []record) []record {
		_, i := nth(t, log, k, n)
		log[i].changes = slices.DeleteFunc(log[i].changes, func(c gate.Change) bool { return c.Kind == k })
		return log
	}
}

// TestPlantedViolations: each way in which a gate could cheat has a finding of its invariant.
func TestPlantedViolations(t *testing.T) {
	for _, c := range []struct {
		name, invariant string
		plant           func(*testing.T, []record) []record
	}{
		{"a buyer with two places", "G1", bend(gate.Joined, 3, func(c *gate.Change) { c.Entrants[0].Buyer = who(1) })},
		{"an entrant is dropped", "G3", bend(gate.LobbyClosed, 0, func(c *gate.Change) { c.Count-- })},
		{"two entrants are swapped", "G3", swapped},
		{"a party grows", "G3", bend(gate.Joined, 2, func(c *gate.Change) { c.Entrants[0].Party++ })},
		{"another round", "G3", bend(gate.LobbyClosed, 0, func(c *gate.Change) { c.Round++ })},
		{"another signature", "G3", ground},
		{"a seed of its own", "G3", bend(gate.LotsDrawn, 0, func(c *gate.Change) { c.Seed[0]++ })},
		{"the draw before the close", "G3", drop(gate.LobbyClosed, 0)},
		{"doors before their time", "G3", bend(gate.Founded, 0, func(c *gate.Change) { c.Settings.DoorsAt += 5000 })},
		{"somebody is skipped", "G4", bend(gate.CalledUp, 0, func(c *gate.Change) { c.Upto++ })},
		{"the counter goes back", "G4", bend(gate.CalledUp, 1, func(c *gate.Change) { c.Upto = 1 })},
		{"another is admitted", "G4", func(t *testing.T, log []record) []record {
			a, _ := nth(t, log, gate.Admitted, 0)
			b, _ := nth(t, log, gate.Admitted, 3)
			a.Number = b.Number
			return log
		}},
		{"admitted before the present", "G4", drop(gate.SlotsOffered, 0)},
		{"a latecomer in time", "G4", bend(gate.Admitted, 1, func(c *gate.Change) { c.Latecomer = false })},
		{"the cap is off by one", "G5", bend(gate.Operated, 2, func(c *gate.Change) { c.Value-- })},
		{"a slot without its end", "G6", drop(gate.SessionEnding, 0)},
		{"a node had not followed", "G6", bend(gate.SlotsFreed, 0, func(c *gate.Change) { c.Acks[0].Seq -= 9 })},
		{"a slot twice", "G6", bend(gate.SlotsFreed, 1, func(c *gate.Change) { c.Sessions[0] = 1 })},
		{"an old stock is cited", "G8", bend(gate.CalledUp, 1, func(c *gate.Change) { c.Cites = 1 })},
		{"the stock does not permit it", "G8", bend(gate.Stocked, 0, func(c *gate.Change) { c.Stock.Free = 1 })},
		{"a show rate of its own", "G8", bend(gate.CalledUp, 1, func(c *gate.Change) { c.ShowRate = 100 })},
		{"faster than the rate", "G8", bend(gate.Founded, 0, func(c *gate.Change) { c.Settings.Rate = 1 })},
		{"stock of another pool", "G8", bend(gate.Stocked, 0, func(c *gate.Change) { c.Stock.Pool = 4 })},
		{"a section goes back", "G8", bend(gate.Stocked, 1, func(c *gate.Change) { c.Stock.Sections[0].Seq = 8 })},
		{"called with nothing in stock", "G9", bend(gate.Stocked, 0, func(c *gate.Change) { c.Stock.Free = 0 })},
		{"called in a pause", "G9", drop(gate.Operated, 1)},
		{"a turn that is too short", "G12", bend(gate.Founded, 0, func(c *gate.Change) { c.Settings.Turn++ })},
		{"a short grace", "G12", bend(gate.Founded, 0, func(c *gate.Change) { c.Settings.Grace += 80_000 })},
		{"an outage that counts", "G12", drop(gate.Outage, 0)},
		{"an outage that was none", "G12", func(_ *testing.T, log []record) []record {
			return slices.DeleteFunc(log, func(r record) bool { return r.Claim && r.At > 0 })
		}},
		{"a session that is shorter", "G12", bend(gate.Admitted, 0, func(c *gate.Change) { c.Until-- })},
		{"no reason", "log", bend(gate.Operated, 0, func(c *gate.Change) { c.Why = "" })},
		{"time goes back", "log", bend(gate.Stocked, 0, func(c *gate.Change) { c.At = 3 })},
	} {
		t.Run(c.name, func(t *testing.T) {
			report := run(c.plant(t, honest(t)), audit.Options{Beacon: beacon})
			if !slices.ContainsFunc(report.Findings, func(f audit.Finding) bool { return f.Invariant == c.invariant }) {
				t.Errorf("P8: nobody finds it: %v", report.Findings)
			}
		})
	}
}

func swapped(t *testing.T, log []record) []record {
	a, _ := nth(t, log, gate.Joined, 2)
	b, _ := nth(t, log, gate.Joined, 6)
	a.Entrants, b.Entrants = b.Entrants, a.Entrants
	return log
}

// ground: the operator hands in what they like, and computes everything else rightly.
func ground(t *testing.T, log []record) []record {
	c, _ := nth(t, log, gate.LotsDrawn, 0)
	closed, _ := nth(t, log, gate.LobbyClosed, 0)
	c.Signature = []byte("ground")
	c.Seed = draw.Seed([16]byte{}, closed.Count, closed.Root, c.Signature)
	return log
}

// TestStockThatIsNot: G8. Whoever can read the sections' logs finds a stock that they do not give.
func TestStockThatIsNot(t *testing.T) {
	report := run(honest(t), audit.Options{Stock: func(s *gate.Stock) error {
		if s.Free == 28 {
			return errors.New("29 are free")
		}
		return nil
	}})
	if len(report.Findings) != 1 || report.Findings[0].Invariant != "G8" {
		t.Errorf("%v", report.Findings)
	}
}

// TestDamagedRecordEndsTheJudging: P10.
func TestDamagedRecordEndsTheJudging(t *testing.T) {
	entries := []audit.Entry{{Seq: 1, Claim: true}, {Seq: 2, Body: []byte{99}}, {Seq: 3, Body: []byte{98}}}
	report := audit.Run(slices.Values(entries), audit.Options{})
	if len(report.Findings) != 1 || report.Findings[0].Seq != 2 || report.Findings[0].Invariant != "log" {
		t.Errorf("%v", report.Findings)
	}
}
