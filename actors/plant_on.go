//go:build planted

package actors

import (
	"errors"

	"holdfast/storage"
)

// plantedBug is a set of bugs that the Writer has on purpose in a build with the tag "planted": the proof that the simulator
// finds what it is there to find. Never ship such a build.
type plantedBug uint16

const (
	plantAnswerEarly     plantedBug = 1 << iota // acceptances are told before their record is durable
	plantRefuseEarly                            // refusals are told before what they depend on is durable
	plantPastFence                              // a fenced writer appends again behind the new tail, on its stale memory
	plantNoTickets                              // sales leave the tickets table alone
	plantUnknownIsDone                          // an unknown outcome is taken for success
	plantUnknownIsFailed                        // an unknown outcome is taken for failure, and its seq used again
	plantForgetRequests                         // replay forgets which requests were met
)

// activeBugs is set by the test before a run, and read by nothing else.
var activeBugs plantedBug

func planted(b plantedBug) bool { return activeBugs&b != 0 }

// plantedOutcome is Advance with the judgement of outcomes broken; handled says that nothing is left to do.
func (w *Writer) plantedOutcome(err error) (handled bool, word error) {
	var fenced *storage.FencedError
	switch {
	case planted(plantPastFence) && errors.As(err, &fenced):
		w.durable, w.hash, w.epoch = fenced.Tail.Seq, fenced.Tail.Hash, fenced.Tail.Epoch
		w.state.Begin(max(w.state.Seq(), w.durable+2))
		w.seal(w.inflight)
		w.resend = true
		return true, nil
	case planted(plantUnknownIsDone) && errors.Is(err, storage.ErrUnknown):
		return false, nil
	case planted(plantUnknownIsFailed) && errors.Is(err, storage.ErrUnknown):
		for _, r := range w.inflight.answers {
			w.refuse(r, ErrUnavailable)
		}
		w.hash = w.inflight.Append.Entry.Prev
		w.inflight = nil
		return true, nil
	}
	return false, err
}
