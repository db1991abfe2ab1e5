package machinetest

import (
	"bytes"
	"context"
	"errors"

	"holdfast/actors/machine"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// history writes a log of two lives, with refusals, lapses, repeats and several records, and leaves the second life.
// The snapshots that it took on the way are in the store.
func (b *bench) history() *life {
	b.Helper()
	var l *life
	for n := range 24 {
		if n%12 == 0 {
			l = b.begin()
		}
		l.submit(b.Command(n))
		l.submit(b.Refused(n / 2))
		if n%5 == 4 {
			l.settle()
			b.pass(b.Timer / 2)
		}
		if n == 6 {
			l.w.SnapshotSoon()
		}
	}
	b.pass(b.Timer / 2)
	l.w.RunTimers(b.now())
	l.settle()
	return l
}

// otherSnapshot is a store whose snapshots are not what was saved.
type otherSnapshot struct {
	storage.Store
	load func(*storage.Snapshot) error
}

func (s otherSnapshot) LoadSnapshot(ctx context.Context, key storage.SectionKey) (storage.Snapshot, error) {
	snapshot, err := s.Store.LoadSnapshot(ctx, key)
	if err == nil {
		err = s.load(&snapshot)
	}
	return snapshot, err
}

// snapshots is what a store may have to say of a snapshot, and each is as good as the log.
func (b *bench) snapshots() map[string]func(*storage.Snapshot) error {
	body := func(change func([]byte) []byte) func(*storage.Snapshot) error {
		return func(s *storage.Snapshot) error { s.Body = change(bytes.Clone(s.Body)); return nil }
	}
	says := func(err error) func(*storage.Snapshot) error {
		return func(*storage.Snapshot) error { return err }
	}
	return map[string]func(*storage.Snapshot) error{
		"the snapshot":          says(nil),
		"no snapshot":           says(storage.ErrNotFound),
		"a corrupt snapshot":    says(&storage.CorruptError{Section: b.key, Why: "checksum"}),
		"a cut snapshot":        body(func(s []byte) []byte { return s[:len(s)/2] }),
		"an empty snapshot":     body(func([]byte) []byte { return nil }),
		"a snapshot too long":   body(func(s []byte) []byte { return append(s, 1) }),
		"an unknown snapshot":   body(func(s []byte) []byte { s[0] = 0xFF; return s }),
		"a snapshot of nothing": body(func([]byte) []byte { return []byte("{}") }),
	}
}

// replayDiffers: P10. Whatever a life is loaded from, it is the machine that wrote the log, to the byte.
func replayDiffers(b *bench) {
	l := b.history()
	tail := l.w.Tail()
	want := b.stateAt(l.w.Machine(), tail.Seq+1)
	same := func(from string, m machine.Machine) {
		b.Helper()
		if got := b.stateAt(m, tail.Seq+1); !bytes.Equal(got, want) {
			b.Errorf("P10: %s: the machine differs:\n%x\nlive:\n%x", from, got, want)
		}
	}
	same("every record, without effects", b.replay(tail, nil))
	same("every record, with effects", b.replay(tail, b.Kind.New().NewEffects()))
	changes := map[string]int{}
	for from, load := range b.snapshots() {
		m, replayed, err := writer.Load(b.Context(), otherSnapshot{b.store, load}, b.key, b.Kind, tail)
		if err != nil {
			b.Errorf("P10: %s: %v", from, err)
			continue
		}
		same(from, m)
		changes[from] = replayed
	}
	if changes["the snapshot"] == 0 || changes["the snapshot"] >= changes["no snapshot"] {
		b.Errorf("%d changes replayed behind a snapshot, %d without: the case shows nothing",
			changes["the snapshot"], changes["no snapshot"])
	}
	b.followed(tail, same)
	away := errors.New("not now")
	gone := otherSnapshot{b.store, func(*storage.Snapshot) error { return away }}
	if _, _, err := writer.Load(b.Context(), gone, b.key, b.Kind, tail); !errors.Is(err, away) {
		b.Errorf("a store that is away is taken for one without a snapshot: %v", err)
	}
}

// followed: a replica that has replayed some of the log goes on from wherever it stands.
func (b *bench) followed(tail storage.Tail, same func(string, machine.Machine)) {
	b.Helper()
	m, at, effects := b.Kind.New(), storage.Tail{}, b.Kind.New().NewEffects()
	for _, e := range b.entries() {
		twin, err := b.Kind.Restore(m.AppendSnapshot(nil))
		b.must(err)
		_, err = writer.LoadFrom(b.Context(), b.store, b.key, twin, at, tail)
		b.must(err)
		same("followed to a record in the middle, loaded from there", twin)
		effects.Reset()
		_, err = writer.Replay(m, b.key, &e, at, effects)
		b.must(err)
		at = e.After(storage.HashEntry(&e))
	}
	same("followed to the end", m)
}

// snapshotOfAnotherMoment: P10. A snapshot is the state exactly after the record that it names.
func snapshotOfAnotherMoment(b *bench) {
	l := b.begin()
	l.submit(b.Command(0))
	l.settle()
	l.w.SnapshotSoon()
	l.submit(b.Command(1))
	p := l.ready()
	l.submit(b.Command(2)) // gathers, and is in no snapshot of the record before
	if p.Snapshot == nil {
		b.Fatal("the next record carries no snapshot")
	}
	e := &p.Append.Entry
	if s := p.Snapshot; s.Seq != e.Seq || s.Epoch != e.Epoch || s.Hash != storage.HashEntry(e) {
		b.Errorf("P10: the snapshot is of record %d, epoch %d, hash %x; it left with record %d, epoch %d, hash %x",
			p.Snapshot.Seq, p.Snapshot.Epoch, p.Snapshot.Hash[:4], e.Seq, e.Epoch, p.Hash[:4])
	}
	l.wantSnapshot(p.Snapshot, p)
	l.w.SnapshotSoon()
	b.fill(l) // who finds no room is judged when this record has left
	p = l.ready()
	l.wantSnapshot(p.Snapshot, p)
	l.settle()
	if last := l.w.LastSnapshot(); last == nil || last.Seq != l.w.Durable() || last.Hash != l.tail().Hash {
		b.Fatalf("P10: the last snapshot is %+v, the log ends with record %d", last, l.w.Durable())
	}
	b.must(b.store.SaveSnapshot(b.Context(), b.key, *l.w.LastSnapshot()))
	b.pass(b.Timer)
	if b.Timer == 0 {
		l.submit(b.Command(b.Many))
	} else {
		l.submit(b.Refused(0))
	}
	if l.w.LastSnapshot() != nil {
		b.Error("P10: a snapshot is taken of what is not durable")
	}
	l.settle()
	next := b.begin()
	if live := l.stateAt(l.w.Machine(), next.sealed+1); !bytes.Equal(l.stateAt(next.w.Machine(), next.sealed+1), live) {
		b.Errorf("P10: loaded from the last snapshot it is another machine")
	}
}

// wantSnapshot lands p, and holds its snapshot against a replay.
func (l *life) wantSnapshot(s *storage.Snapshot, p *writer.Record) {
	l.Helper()
	body, seq := bytes.Clone(s.Body), p.Append.Entry.Seq
	l.land(p)
	m, err := l.Kind.Restore(body)
	l.must(err)
	log := l.replay(storage.Tail{Seq: seq}, nil)
	if got, want := l.stateAt(m, seq+1), l.stateAt(log, seq+1); !bytes.Equal(got, want) {
		l.Errorf("P10: the snapshot of record %d:\n%x\nis not what the log says:\n%x", seq, got, want)
	}
}

// editedLogLoaded: P10. One bit in one record, whichever, and the log is not served; the error names the record.
func editedLogLoaded(b *bench) {
	l := b.history()
	tail := l.w.Tail()
	load := func(store storage.Store, tail storage.Tail) error {
		none := otherSnapshot{store, func(*storage.Snapshot) error { return storage.ErrNotFound }}
		_, _, err := writer.Load(b.Context(), none, b.key, b.Kind, tail)
		return err
	}
	b.must(load(b.store, tail))
	for seq := machine.Seq(1); seq <= tail.Seq; seq++ {
		edited := b.store.Clone()
		edited.Damage(b.key, seq)
		var corrupt *storage.CorruptError
		if err := load(edited, tail); !errors.As(err, &corrupt) || corrupt.Seq != seq || corrupt.Section != b.key {
			b.Errorf("P10: record %d was edited: %v", seq, err)
		}
	}
	var corrupt *storage.CorruptError
	shorter := b.store.Clone()
	shorter.Lose(b.key, tail.Seq-1)
	if err := load(shorter, tail); !errors.As(err, &corrupt) {
		b.Errorf("P10: the log ends before its tail: %v", err)
	}
	other := tail
	other.Hash[0] ^= 1
	if err := load(b.store, other); !errors.As(err, &corrupt) {
		b.Errorf("P10: the log's end is another record: %v", err)
	}
	var fenced *storage.FencedError
	older := tail
	older.Seq--
	if err := load(b.store, older); !errors.As(err, &fenced) {
		b.Errorf("P3: a log that went on meanwhile is loaded: %v", err)
	}
}

// wentOnToASnapshot: P3. A claim whose word comes late may find a snapshot of records behind it: the log is another's,
// and nothing is damaged. A log that ends before its snapshot is.
func wentOnToASnapshot(b *bench) {
	overtaken := b.begin().w.Tail()
	l := b.begin()
	l.submit(b.Command(0))
	l.settle()
	snapshot := l.w.LastSnapshot()
	if snapshot == nil {
		b.Fatal("no snapshot: the case shows nothing")
	}
	b.must(b.store.SaveSnapshot(b.Context(), b.key, *snapshot))
	load := func(store storage.Store) error {
		_, _, err := writer.Load(b.Context(), store, b.key, b.Kind, overtaken)
		return err
	}
	var fenced *storage.FencedError
	if err := load(b.store); !errors.As(err, &fenced) || fenced.Tail.Epoch <= overtaken.Epoch {
		b.Errorf("P3: a log that another has claimed and kept a snapshot of: %v", err)
	}
	b.store.Lose(b.key, overtaken.Seq)
	b.must(b.store.SaveSnapshot(b.Context(), b.key, *snapshot))
	var corrupt *storage.CorruptError
	if err := load(b.store); !errors.As(err, &corrupt) || corrupt.Seq != snapshot.Seq {
		b.Errorf("P10: a log that ends before its snapshot: %v", err)
	}
}

// impossibleBytes: P10. What no machine wrote is an error that names the record, and never ends the process.
func impossibleBytes(b *bench) {
	b.history()
	m, at, changed := b.Kind.New(), storage.Tail{}, 0
	try := func(e storage.Entry, must bool) {
		b.Helper()
		twin, err := b.Kind.Restore(m.AppendSnapshot(nil))
		b.must(err)
		_, err = writer.Replay(twin, b.key, &e, at, nil)
		var corrupt *storage.CorruptError
		if bad := errors.As(err, &corrupt); must && !bad || err != nil && (!bad || corrupt.Seq != e.Seq) {
			b.Errorf("P10: record %d, body %x: %v", e.Seq, e.Body, err)
		}
	}
	for _, e := range b.entries() {
		if e.Kind == storage.EntryChanges {
			changed++
			for i := range e.Body {
				edited := e
				edited.Body = bytes.Clone(e.Body)
				edited.Body[i] ^= 0x41
				try(edited, false) // it may be another change that is possible: then the hash tells
			}
			for _, body := range [][]byte{e.Body[:len(e.Body)-1], append(bytes.Clone(e.Body), 0xFF)} {
				edited := e
				edited.Body = body
				try(edited, true)
			}
		}
		skipped, another := e, e
		skipped.Seq++
		another.Prev[0] ^= 1
		try(skipped, true)
		try(another, true)
		_, err := writer.Replay(m, b.key, &e, at, nil)
		b.must(err)
		at = e.After(storage.HashEntry(&e))
	}
	if changed < 4 {
		b.Errorf("only %d records have changes: the case shows nothing", changed)
	}
}
