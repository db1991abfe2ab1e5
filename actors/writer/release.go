package writer

import (
	"holdfast/actors/machine"
	"holdfast/storage"
)

// Release makes the next record, which is the last, give the shard up. Only an idle writer may, and its driver submits
// nothing more.
func (w *Writer) Release(now machine.Instant) {
	if w.Idle() && w.status == serving {
		w.gather.release, w.leaving = true, true
		w.gather.Append.Entry.At = w.notBefore(now)
	}
}

// Standing is how far the log is: as long as this writer has it, it will never have more of before at than what it has
// up to seq. Whatever is written next is not older, so that this stays true. Not sure: an outcome is not known.
func (w *Writer) Standing(now machine.Instant) (at machine.Instant, seq machine.Seq, sure bool) {
	switch {
	case w.status != serving || w.leaving:
		return 0, 0, false
	case w.inflight != nil:
		return w.inflight.Append.Entry.At, w.durable, true
	case w.gather.Changes > 0:
		return w.gather.Append.Entry.At, w.durable, true
	}
	w.floor = w.notBefore(now)
	return w.floor, w.durable, true
}

// Released says that the log has that record: whatever was not judged may be judged elsewhere.
func (w *Writer) Released() bool { return w.released }

// Tail is the newest record known to be in the log, of a writer that has none in flight.
func (w *Writer) Tail() storage.Tail {
	t := storage.Tail{Kind: storage.EntryChanges, Seq: w.durable, Epoch: w.epoch, Writer: w.id,
		Batch: batchID(w.id, w.batches), At: w.durableAt, Hash: w.hash}
	if w.released {
		t.Kind = storage.EntryReleased
	}
	return t
}
