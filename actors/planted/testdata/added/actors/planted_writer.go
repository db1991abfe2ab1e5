package actors

import (
	"errors"

	"holdfast/actors/section"
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
	w.state.Begin(max(w.state.Seq(), w.durable+2))
	w.seal(w.inflight)
	w.resend = true
	return true
}

// plantedForget takes the record in flight for one that is not in the log (unknown-is-failed, resend-is-word).
func (w *Writer) plantedForget() {
	w.status = writerServing
	for _, r := range w.inflight.answers {
		w.refuse(r, ErrUnavailable)
	}
	w.hash = w.inflight.Append.Entry.Prev
	w.inflight = nil
}

// plantedHold says that a decision places one hold.
func plantedHold(d *section.Decision) bool {
	return len(d.Changes) == 1 && d.Changes[0].Kind == section.HoldPlaced
}

// plantedSoldOut makes a refusal of a hold (false-sold-out).
func plantedSoldOut(d *section.Decision) {
	d.Changes = d.Changes[:0]
	o := &d.Outcome
	*o = section.Outcome{Rejection: section.SoldOut, Lost: o.Lost[:0], Seats: o.Seats[:0]}
}

// plantedRefusal has a hold told as refused, and leaves its change to be written (phantom).
func plantedRefusal(d *section.Decision) {
	d.Outcome.Rejection = section.SeatTaken
	d.Outcome.Lost = append(d.Outcome.Lost[:0], d.Outcome.Seats...)
}

// plantedJudgeAnew decides a remembered request for a hold as one that was never met (repeat-anew).
func (w *Writer) plantedJudgeAnew(r *Request) {
	kind := r.Command.Kind
	if !r.Decision.Outcome.Repeat || kind != section.PlaceHold && kind != section.PlaceBest {
		return
	}
	stranger := r.Command
	stranger.Request = section.RequestID{}
	w.state.Decide(&stranger, &r.Decision)
	for i := range r.Decision.Changes {
		r.Decision.Changes[i].Request = r.Command.Request
	}
}

// plantedForgetHold forgets a hold that was just placed: its booking is released in memory, and neither the log nor its
// buyer is told (double-grant).
func (w *Writer) plantedForgetHold(c *section.Change) {
	w.touched = w.state.Apply(&section.Change{Kind: section.HoldReleased, At: c.At, Booking: c.Booking}, w.touched[:0])
	w.freed = append(w.freed, freedSeats{c.Buyer, uint32(len(w.touched)), false})
	for _, seat := range w.touched {
		w.gather.Delta.Changes = append(w.gather.Delta.Changes, SeatChange{seat, section.Available})
	}
}
