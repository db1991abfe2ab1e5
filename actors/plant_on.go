//go:build planted

package actors

import (
	"errors"

	"holdfast/storage"
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
	case planted(plantUnknownIsFailed) && errors.Is(err, storage.ErrUnknown),
		planted(plantResendIsWord) && errors.Is(err, storage.ErrUnavailable):
		w.status = writerServing
		for _, r := range w.inflight.answers {
			w.refuse(r, ErrUnavailable)
		}
		w.hash = w.inflight.Append.Entry.Prev
		w.inflight = nil
		return true, nil
	}
	return false, err
}
