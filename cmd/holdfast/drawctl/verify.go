package drawctl

import (
	"bytes"
	"fmt"
	"reflect"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/gate/beacon"
	"holdfast/actors/gate/draw"
	"holdfast/api/wire/drawproof"
	"holdfast/cmd/holdfast/terminal"
)

// Evidence is what a draw is checked with.
type Evidence struct {
	Now     *drawproof.Document
	Earlier []*drawproof.Document // saved before, in any order
	Chain   *beacon.Chain         // nil: the chains that the beacon package knows
	Log     *Log                  // nil: there is none
	SaltKey *[32]byte             // nil: the log's
}

// verifier is one verification under way.
type verifier struct {
	Evidence
	Verdict
	event [16]byte
	chain *beacon.Chain // nil: not known
}

// Verify checks everything that there is evidence for. The error says that nothing could be checked.
func Verify(e Evidence) (*Verdict, error) {
	id, err := terminal.ParseEventID(e.Now.Event)
	if err != nil {
		return nil, fmt.Errorf("the document's event: %w", err)
	}
	v := &verifier{Evidence: e, event: id, Verdict: Verdict{Event: e.Now.Event}}
	v.rule()
	v.beacon()
	v.seed()
	v.place()
	v.witness()
	v.entrants()
	v.conclude(e.Now.Draw != nil, e.Now.Rule.Beacon != nil)
	return &v.Verdict, nil
}

func moment(at int64) string { return time.UnixMilli(at).UTC().Format("2006-01-02 15:04:05 UTC") }

// rule: the round was fixed, and is published after the close.
func (v *verifier) rule() {
	now, b := v.Now, v.Now.Rule.Beacon
	if now.Close != nil && now.Close.At < now.Rule.ClosesAt {
		v.add("rule", Failed, "the lobby was closed at %s, before the announced %s", moment(int64(now.Close.At)),
			moment(int64(now.Rule.ClosesAt)))
	}
	if b == nil {
		v.add("rule", NotChecked, "no independent beacon seeds this draw: no rule binds the operator")
		return
	}
	if v.chain = v.Chain; v.chain == nil {
		v.chain, _ = beacon.Known(b.Chain)
	}
	if v.chain != nil && !v.chainFits(b) {
		v.chain = nil
		return
	}
	v.round(gate.DrawRule{Chain: b.Chain, Genesis: gate.Instant(b.Genesis), Period: gate.Millis(b.Period),
		Round: b.Round, Late: gate.Millis(b.Late)})
}

// round: the planned round is after the close, and the rule's is the one that seeds the draw.
func (v *verifier) round(rule gate.DrawRule) {
	now, planned := v.Now, rule.TimeOf(rule.Round)
	if planned <= gate.Instant(now.Rule.ClosesAt) {
		v.add("rule", Failed, "round %d is published at %s, when the lobby was still to be open: joins could be "+
			"chosen by it", rule.Round, moment(int64(planned)))
		return
	}
	if now.Close == nil {
		v.add("rule", Passed, "round %d of the beacon is to seed the draw, published at %s, after the close",
			rule.Round, moment(int64(planned)))
		return
	}
	closed := gate.Instant(now.Close.At)
	due := rule.RoundAfter(closed)
	v.want(
		now.Close.Round == due && rule.TimeOf(due) > closed, "rule",
		fmt.Sprintf("round %d is the one that the rule gives, published at %s, after the close at %s", due,
			moment(int64(rule.TimeOf(due))), moment(int64(closed))),
		fmt.Sprintf("round %d seeds the draw, the rule gives round %d for a close at %s", now.Close.Round, due,
			moment(int64(closed))),
	)
}

// chainFits says whether the rule speaks of the chain's clock.
func (v *verifier) chainFits(b *drawproof.Beacon) bool {
	c := v.chain
	switch {
	case c.Hash != b.Chain:
		v.add(
			"beacon",
			Failed,
			"the parameters are those of chain %x…, the rule names chain %x…",
			c.Hash[:6],
			b.Chain[:6],
		)
	case c.CheckHash() != nil:
		v.add("beacon", Failed, "%v", c.CheckHash())
	case int64(b.Genesis) != c.Genesis*1000 || b.Period != int64(c.Period)*1000:
		v.add(
			"rule",
			Failed,
			"the rule gives the chain another clock than it has: its rounds would be known earlier than "+
				"the rule says",
		)
	default:
		return true
	}
	return false
}

// beacon: the signature is the round's.
func (v *verifier) beacon() {
	now := v.Now
	switch {
	case now.Draw == nil:
		v.add("beacon", NotChecked, "there is no draw yet")
	case now.Rule.Beacon == nil:
		v.add("beacon", NotChecked, "no beacon gave the value; the operator did")
	case v.chain == nil && v.result("beacon") != Failed && v.result("rule") != Failed:
		v.add("beacon", NotChecked, "chain %x… is none that is known here; give its parameters with --chain-info",
			now.Rule.Beacon.Chain[:6])
	case v.chain != nil:
		err := v.chain.Verify(now.Close.Round, now.Draw.Previous, now.Draw.Signature)
		v.want(
			err == nil,
			"beacon",
			fmt.Sprintf("the signature is that of round %d of drand's chain %x…, by its public key",
				now.Close.Round, v.chain.Hash[:6]),
			fmt.Sprintf("round %d: %v", now.Close.Round, err),
		)
	}
}

// published is the document as the draw's rules see it.
func (v *verifier) published() *draw.Published {
	now := v.Now
	return &draw.Published{Event: v.event, Entrants: *now.Close.Entrants, Root: draw.Hash(now.Close.Root),
		Round: now.Close.Round, Signature: now.Draw.Signature, Seed: draw.Hash(now.Draw.Seed)}
}

func (v *verifier) seed() {
	if v.Now.Draw == nil {
		v.add("seed", NotChecked, "there is no draw yet")
		return
	}
	p := v.published()
	v.want(draw.Seed(p.Event, p.Entrants, p.Root, p.Signature) == p.Seed, "seed",
		fmt.Sprintf("the seed comes from the event, %d entrants, their root and the signature", p.Entrants),
		draw.ErrSeed.Error())
}

// place: one buyer's path and rank.
func (v *verifier) place() {
	place := v.Now.Place
	if place == nil {
		v.add("place", NotChecked, "the document shows nobody's place")
		return
	}
	if v.Now.Close == nil {
		v.add("place", NotChecked, "number %d cannot be proven before the close", *place.Number)
		return
	}
	number, n := *place.Number, *v.Now.Close.Entrants
	if number < n {
		leaf := draw.Leaf(number, place.Pseudonym, place.Party, draw.Salt(place.Salt))
		v.want(draw.OnPath(draw.Hash(v.Now.Close.Root), n, number, leaf, place.Hashes()), "place",
			fmt.Sprintf("number %d is among the %d entrants that the root binds", number, n), draw.ErrPath.Error())
	} else {
		v.want(len(place.Path) == 0, "place",
			fmt.Sprintf("number %d joined after the close, and stands behind all %d drawn",
				number, n), "a number from after the close has a path to the root")
	}
	if v.Now.Draw == nil {
		return
	}
	order := draw.NewPermutation(draw.Hash(v.Now.Draw.Seed), n)
	rank := order.Place(number)
	v.Rank = &rank
	if place.Rank == nil {
		v.add(
			"place",
			NotChecked,
			"by the seed, number %d is called as number %d in the row; the document tells no rank",
			number,
			uint64(rank)+1,
		)
		return
	}
	v.want(*place.Rank == rank, "place", fmt.Sprintf(
		"by the seed, number %d is called as number %d in the row",
		number,
		uint64(
			rank,
		)+1,
	), fmt.Sprintf("by the seed, number %d has rank %d; the document says %d", number, rank, *place.Rank))
}

// witness: what was published earlier is what is published now.
func (v *verifier) witness() {
	now, closed := v.Now, false
	for i, then := range v.Earlier {
		name := fmt.Sprintf("earlier document %d", i+1)
		var differs string
		switch {
		case then.Event != now.Event:
			differs = "is about another event"
		case !reflect.DeepEqual(then.Rule, now.Rule):
			differs = "has another rule: it was changed afterwards"
		case then.Close != nil && !reflect.DeepEqual(then.Close, now.Close):
			differs = "has other entrants (N, root, round or moment of the close): they were changed after the close"
		case then.Draw != nil && (now.Draw == nil || then.Draw.Seed != now.Draw.Seed ||
			!bytes.Equal(then.Draw.Signature, now.Draw.Signature)):
			differs = "has another draw: it was drawn more than once"
		case then.Place != nil && now.Place != nil && !samePlace(then, now):
			differs = "has another place for the same buyer"
		}
		closed = closed || then.Close != nil && then.Draw == nil
		v.want(differs == "", "witness", name+" ("+then.Phase+") says the same", name+" "+differs)
	}
	if !closed {
		v.add("witness", NotChecked, "nobody gave a copy that was saved between close and draw (--before): that the "+
			"entrants were fixed before the round rests on the published times")
	}
}

// samePlace: of one buyer, number, party and salt stay as they are from the close on. Whoever left and joined again in
// the lobby has a new number, and whoever did so later has one behind the drawn.
func samePlace(then, now *drawproof.Document) bool {
	a, b := then.Place, now.Place
	if a.Pseudonym != b.Pseudonym {
		return true
	}
	if *a.Number == *b.Number {
		return a.Party == b.Party && a.Salt == b.Salt
	}
	return then.Close == nil || *b.Number >= *now.Close.Entrants
}
