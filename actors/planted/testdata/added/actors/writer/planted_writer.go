package writer

import (
	"errors"

	"holdfast/storage"
)

func plantedUnknown(err error) bool { return errors.Is(err, storage.ErrUnknown) }

func plantedUnavailable(err error) bool { return errors.Is(err, storage.ErrUnavailable) }

// plantedPastFence goes on behind the tail that has fenced this writer (past-fence); false: it was not fenced.
func (w *Writer) plantedPastFence(err error) bool {
	var fenced *storage.FencedError
	if !errors.As(err, &fenced) {
		return false
	}
	w.durable, w.hash, w.epoch = fenced.Tail.Seq, fenced.Tail.Hash, fenced.Tail.Epoch
	if w.durable+2 > w.inflight.Append.Entry.Seq+1 {
		w.m.Begin(w.durable + 2)
	}
	w.seal(w.inflight)
	w.resend = true
	return true
}

// plantedForget takes the record in flight for one that is not in the log (unknown-is-failed, resend-is-word).
func (w *Writer) plantedForget() {
	w.status = serving
	for _, r := range w.inflight.answers {
		w.refuse(r, ErrUnavailable)
	}
	w.hash = w.inflight.Append.Entry.Prev
	w.inflight = nil
}
