package audit

import (
	"slices"

	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/gate/draw"
)

// person is one place.
type person struct {
	buyer  gate.Buyer
	party  uint8
	state  gate.PlaceState
	missed bool
	start  gate.Millis // of the turn, the offer or the grace window, on its clock
}

// stay is one session.
type stay struct {
	number gate.Number
	until  gate.Instant
	ended  gate.Seq // 0: inside
	freed  bool
}

// judge knows what the log has said so far.
type judge struct {
	report  *Report
	options Options
	seq     gate.Seq

	set     gate.Settings
	phase   gate.Phase
	paused  bool
	cap     uint32
	rate    uint32
	people  []person
	newest  map[gate.Buyer]gate.Number
	n       uint32
	root    draw.Hash
	round   uint64
	order   draw.Permutation
	counter gate.Rank

	called, offered, late, present []gate.Number // in the order in which they came to be so

	stays           []stay // of session 1 on
	inside, holding int    // sessions inside; sessions with a slot
	oldest          int    // index of the first stay that may be inside
	stock           gate.Stock
	stocks          gate.StockNo
	shown, missed   uint32
	paid            int64
	acks            int
	codes           []code // of number 1 on

	last        gate.Instant
	turn, offer gate.Millis // clocks
	claimed     gate.Instant
	outageDue   bool
}

// code is one presale code.
type code struct {
	of      codebook.Codes
	used    uint32
	revoked bool
}

func newJudge(o Options) *judge {
	return &judge{report: &Report{}, options: o, newest: map[gate.Buyer]gate.Number{}}
}

func (j *judge) serving() bool { return j.phase == gate.Open && !j.paused }

func (j *judge) free() int { return max(0, int(j.cap)-j.holding-len(j.offered)) }

// claim: a life ended some time before it. Unless nobody's clock ran, the log has to say so first.
func (j *judge) claim(at gate.Instant) {
	running := len(j.called) + len(j.offered) + len(j.late)
	j.outageDue = j.serving() && running > 0 && at > j.last
	j.claimed = at
}

// pass counts the time up to a change.
func (j *judge) pass(c *gate.Change) {
	j.want(c.At >= j.last, "log", "time goes back by %d ms", j.last-c.At)
	if c.Kind == gate.Outage {
		j.want(
			j.outageDue && c.At <= j.claimed, "G12",
			"an outage without a claim behind it: turns stood still for nothing",
		)
	} else {
		j.want(!j.outageDue, "G12", "turns ran on through an outage")
		if j.serving() && !j.outageDue {
			passed := gate.Millis(c.At - j.last)
			j.offer += passed
			if j.free() > 0 {
				j.turn += passed
			}
		}
	}
	j.outageDue = false
	j.last = max(j.last, c.At)
}

func (j *judge) change(c *gate.Change) {
	if !j.want(j.phase != gate.Unfounded || c.Kind == gate.Founded, "log", "a change before the gate was founded") {
		return
	}
	j.pass(c)
	switch c.Kind {
	case gate.Founded, gate.LobbyClosed, gate.LotsDrawn, gate.DoorsOpened:
		j.doors(c)
	case gate.Joined:
		j.joined(c)
	case gate.Stocked:
		j.stocked(c)
	case gate.CalledUp:
		j.calledUp(c)
	case gate.SlotsOffered:
		j.slotsOffered(c)
	case gate.Admitted:
		j.admitted(c)
	case gate.TurnsLapsed, gate.GraceEnded:
		j.lapsed(c)
	case gate.SessionEnding, gate.SessionsLapse:
		j.ending(c)
	case gate.SlotsFreed:
		j.slotsFreed(c)
	case gate.Operated:
		j.operated(c)
	case gate.CodesMinted, gate.CodesRevoked:
		j.minted(c)
	case gate.LeftQueue, gate.CameEarly:
		j.leftOrCame(c)
	}
}

func (j *judge) joined(c *gate.Change) {
	j.report.LongestJoinWaiting = max(j.report.LongestJoinWaiting, gate.Millis(c.At-c.Oldest))
	for _, e := range c.Entrants {
		if before, had := j.newest[e.Buyer]; had {
			state := j.people[before].state
			gone := state == gate.Left || state == gate.Lapsed || state == gate.Finished
			j.want(gone, "G1", "place %d is given to the buyer of place %d, which is live", len(j.people), before)
		}
		j.used(&e, c.At)
		j.newest[e.Buyer] = gate.Number(len(j.people))
		j.people = append(j.people, person{buyer: e.Buyer, party: e.Party, state: gate.Waiting})
		j.report.Joined++
	}
}

// minted: codes have dense numbers, and whoever makes or takes back some says why.
func (j *judge) minted(c *gate.Change) {
	j.want(c.Why != "", "codes", "codes %d minted or taken back without a reason", c.Codes.First)
	if c.Kind == gate.CodesMinted {
		j.want(int(c.Codes.First) == len(j.codes)+1, "codes", "code %d is minted, %d were before", c.Codes.First,
			len(j.codes))
		for range c.Codes.Count {
			j.codes = append(j.codes, code{of: c.Codes})
		}
		return
	}
	for no := uint64(c.Codes.First); no < uint64(c.Codes.First)+uint64(c.Codes.Count); no++ {
		if j.want(no > 0 && no <= uint64(len(j.codes)), "codes", "code %d is taken back, and was never minted", no) {
			j.codes[no-1].revoked = true
		}
	}
}

// used: a place of a presale was given for a code that had a use left, in its window.
func (j *judge) used(e *gate.Entrant, at gate.Instant) {
	if e.Code == 0 {
		j.want(j.set.Presale == 0, "codes", "place %d is given without a code", len(j.people))
		return
	}
	if !j.want(int(e.Code) <= len(j.codes), "codes", "place %d is given for code %d, which was never minted",
		len(j.people), e.Code) {
		return
	}
	k := &j.codes[e.Code-1]
	k.used++
	in := at >= k.of.From && (k.of.Until == 0 || at < k.of.Until)
	j.want(k.used <= k.of.Uses && !k.revoked && in, "codes",
		"place %d is given for code %d: use %d of %d, taken back: %v, in its window: %v",
		len(j.people), e.Code, k.used, k.of.Uses, k.revoked, in)
}

func (j *judge) doors(c *gate.Change) {
	switch c.Kind {
	case gate.Founded:
		j.want(j.phase == gate.Unfounded, "log", "founded twice")
		j.set, j.cap, j.rate = c.Settings, c.Settings.Cap, c.Settings.Rate
		j.report.IndependentBeacon = j.set.Rule.Independent()
		if j.phase = gate.Drawn; j.set.ClosesAt != 0 {
			j.phase = gate.Lobby
		}
	case gate.LobbyClosed:
		j.closed(c)
	case gate.LotsDrawn:
		j.drawn(c)
	case gate.DoorsOpened:
		j.want(j.phase == gate.Drawn, "G3", "the doors opened before the draw")
		j.want(c.At >= j.set.DoorsAt, "G3", "the doors opened %d ms early", j.set.DoorsAt-c.At)
		j.phase = gate.Open
	}
}

func (j *judge) closed(c *gate.Change) {
	j.want(j.phase == gate.Lobby, "G3", "the lobby was closed twice, or after the draw")
	j.want(c.At >= j.set.ClosesAt, "G3", "the lobby was closed %d ms early", j.set.ClosesAt-c.At)
	j.want(int(c.Count) == len(j.people), "G3", "N is %d, %d joined", c.Count, len(j.people))
	var tree draw.Frontier
	for n, p := range j.people {
		tree.Append(draw.Leaf(uint32(n), p.buyer, p.party, draw.SaltOf(&j.set.SaltKey, uint32(n))))
	}
	j.want(tree.Root() == c.Root, "G3", "the root is not that of the entrants: some were dropped, added or swapped")
	rule := &j.set.Rule
	if rule.Independent() {
		j.want(
			rule.TimeOf(c.Round) >= c.At+gate.Instant(rule.Late) && (c.Round == rule.Round || rule.TimeOf(rule.Round) <
				c.At+gate.Instant(rule.Late) && rule.TimeOf(c.Round-1) < c.At+gate.Instant(rule.Late)),
			"G3",
			"round %d is not the rule's",
			c.Round,
		)
	}
	j.n, j.root, j.round, j.phase = uint32(len(j.people)), c.Root, c.Round, gate.Closed
	j.report.EntrantsOfTheDraw = j.n
}

func (j *judge) drawn(c *gate.Change) {
	j.want(j.phase == gate.Closed, "G3", "drawn before N and root were logged, or twice")
	seed := draw.Seed(j.set.Event, j.n, j.root, c.Signature)
	j.want(seed == c.Seed, "G3", "the seed does not come from event, N, root and signature")
	if beacon := j.options.Beacon; beacon != nil && j.report.IndependentBeacon {
		err := beacon(j.round, c.Previous, c.Signature)
		j.want(err == nil, "G3", "the signature is not that of round %d: %v", j.round, err)
	}
	j.order, j.phase = draw.NewPermutation(seed, j.n), gate.Drawn
}

// known says that a place was given.
func (j *judge) known(no gate.Number) bool {
	return j.want(int(no) < len(j.people), "G1", "place %d was never given", no)
}

// quit takes a place out of where it stood.
func (j *judge) quit(no gate.Number) {
	for _, list := range []*[]gate.Number{&j.called, &j.offered, &j.late, &j.present} {
		if i := slices.Index(*list, no); i >= 0 {
			*list = slices.Delete(*list, i, i+1)
		}
	}
}

func (j *judge) become(no gate.Number, to gate.PlaceState) {
	j.quit(no)
	p := &j.people[no]
	switch p.state = to; to {
	case gate.Called:
		p.start, j.called = j.turn, append(j.called, no)
	case gate.Offered:
		p.start, j.offered = j.offer, append(j.offered, no)
	case gate.Late:
		p.start, p.missed, j.late = j.offer, true, append(j.late, no)
	case gate.Present:
		j.present = append(j.present, no)
	}
}

func (j *judge) leftOrCame(c *gate.Change) {
	if !j.known(c.Number) {
		return
	}
	state := j.people[c.Number].state
	if c.Kind == gate.LeftQueue {
		j.want(state >= gate.Waiting && state <= gate.Late, "G1", "place %d is left and was in no queue", c.Number)
		j.become(c.Number, gate.Left)
		return
	}
	j.want(state == gate.Called || state == gate.Late, "G4", "place %d comes and was not called", c.Number)
	j.show(1, 0)
	j.become(c.Number, gate.Present)
}

func (j *judge) operated(c *gate.Change) {
	j.want(c.Why != "", "log", "an operator's command without a reason")
	switch c.Action {
	case gate.SetCap:
		j.cap = c.Value
		for len(j.offered) > 0 && j.holding+len(j.offered) > int(j.cap) {
			j.become(j.offered[len(j.offered)-1], gate.Present)
		}
	case gate.SetRate:
		j.rate = c.Value
	case gate.Pause, gate.Resume:
		j.paused = c.Action == gate.Pause
	case gate.OpenDoors:
		j.want(j.phase == gate.Drawn, "G3", "the doors opened before the draw")
		j.phase = gate.Open
	}
}
