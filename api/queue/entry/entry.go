package entry

import (
	"crypto/rand"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors/section"
	"holdfast/api/problem"
	"holdfast/api/proofofwork"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// Checks judges joins. Safe for concurrent use.
type Checks struct {
	puzzles *proofofwork.Puzzles
	now     func() time.Time
	rushes  rushes
}

// New makes checks, and registers their metrics. now is the clock for tokens.
func New(puzzles *proofofwork.Puzzles, now func() time.Time, registry prometheus.Registerer) *Checks {
	c := &Checks{puzzles: puzzles, now: now}
	registry.MustRegister(&c.rushes)
	return c
}

// AppendChallenge appends the JSON of waitingroom.Challenge: what a join of the buyer needs now. The event has a
// waiting room.
func (c *Checks) AppendChallenge(dst []byte, event *storage.Event, buyer section.BuyerID) []byte {
	dst = append(dst, '{')
	if work := event.WaitingRoom.ProofOfWork; work != nil {
		now := c.now().UnixMilli()
		var chance proofofwork.Chance
		_, _ = rand.Read(chance[:]) // never fails: it ends the process where it cannot deliver
		whose := proofofwork.Whose{Event: event.ID, Buyer: buyer}
		number, expires := c.rushes.number(event.ID, work, now), now+int64(work.LifetimeMillis)
		dst = c.puzzles.Append(append(dst, `"proof_of_work":`...), &whose, expires, number, &chance)
	}
	return append(dst, '}')
}

// Check says why a join may not be put before the gate; nil: it may. The event has a waiting room.
func (c *Checks) Check(event *storage.Event, buyer section.BuyerID, join *waitingroom.Join) error {
	if event.WaitingRoom.ProofOfWork != nil {
		return c.checkProof(event, buyer, join.Proof)
	}
	return nil
}

// Joined tells of a place that was given.
func (c *Checks) Joined(event *storage.Event) {
	if work := event.WaitingRoom.ProofOfWork; work != nil {
		c.rushes.joined(event.ID, work, c.now().UnixMilli())
	}
}

// Refusals that never differ are made once: a flood of them costs no memory (P7).
var (
	proofGarbled  = problem.BadField("proof", "is no proof of work")
	proofRequired = &problem.Problem{Kind: problem.ProofRequired, Field: "proof"}
	proofRefusals = []struct {
		of error
		is *problem.Problem
	}{
		{proofofwork.ErrExpired, &problem.Problem{Kind: problem.ProofExpired, Field: "proof"}},
		{proofofwork.ErrWork, &problem.Problem{Kind: problem.ProofWrong, Field: "proof"}},
		{proofofwork.ErrForged, &problem.Problem{Kind: problem.TokenForged, Field: "proof"}},
		{proofofwork.ErrEvent, &problem.Problem{Kind: problem.WrongEvent, Field: "proof"}},
		{proofofwork.ErrBuyer, &problem.Problem{Kind: problem.WrongBuyer, Field: "proof"}},
	}
)

func (c *Checks) checkProof(event *storage.Event, buyer section.BuyerID, proof *string) error {
	if proof == nil || *proof == "" {
		return proofRequired
	}
	if len(*proof) > proofofwork.ProofBytesMax {
		return proofGarbled
	}
	var buffer [proofofwork.ProofBytesMax]byte
	whose := proofofwork.Whose{Event: event.ID, Buyer: buyer}
	err := c.puzzles.Verify(append(buffer[:0], *proof...), &whose, c.now().UnixMilli())
	if err == nil {
		return nil
	}
	for i := range proofRefusals {
		if errors.Is(err, proofRefusals[i].of) {
			return proofRefusals[i].is
		}
	}
	return proofGarbled
}
