package writer

import "holdfast/storage"

// snapshotChangesMin is how many changes a shard replays at most, beyond what its size costs anyway: replay runs at
// about a million changes a second, so this is some 20 ms.
const snapshotChangesMin = 20_000

// snapshotBytesPerChange makes the distance between snapshots grow with their size, so that writing them stays a
// constant share of writing the log: a snapshot of n bytes is followed by at least n/snapshotBytesPerChange changes.
const snapshotBytesPerChange = 64

// snapshot takes the state exactly at p's record: after sealing it, before the next one gathers anything.
func (w *Writer) snapshot(p *Record) {
	w.sinceSnapshot += p.Changes
	if w.sinceSnapshot < max(w.snapshotAfter, snapshotChangesMin) {
		return
	}
	p.Snapshot = &storage.Snapshot{Seq: p.Append.Entry.Seq, Epoch: w.epoch, Hash: w.hash, Body: w.m.AppendSnapshot(nil)}
	w.sinceSnapshot, w.snapshotAfter = 0, len(p.Snapshot.Body)/snapshotBytesPerChange
}

// SnapshotSoon has one of the next records carry a snapshot.
func (w *Writer) SnapshotSoon() { w.sinceSnapshot, w.snapshotAfter = snapshotChangesMin, 0 }

// LastSnapshot is for a quiet writer that is about to leave: nil unless Idle and worth it.
func (w *Writer) LastSnapshot() *storage.Snapshot {
	if w.status != serving || !w.Idle() || w.sinceSnapshot == 0 {
		return nil
	}
	return &storage.Snapshot{Seq: w.durable, Epoch: w.epoch, Hash: w.hash, Body: w.m.AppendSnapshot(nil)}
}
