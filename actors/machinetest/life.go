package machinetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors/machine"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// life is one writer of the log, driven by hand.
type life struct {
	*bench
	w         *writer.Writer
	id        storage.WriterID
	sealed    machine.Seq                     // the newest record that has left the writer
	submitted int                             // requests so far
	open      map[*writer.Request]int         // not told yet, by when they were asked
	rests     map[*writer.Request]machine.Seq // the record that has the request's changes
	replies   []*writer.Request               // in the order of the answers
}

// writerID is another one at each call.
func (b *bench) writerID() storage.WriterID {
	b.writers++
	return storage.WriterID{b.writers, 'w'}
}

func (b *bench) claimant(may bool) writer.Claimant {
	return writer.Claimant{Writer: b.writerID(), Name: "suite", Pause: func(context.Context, time.Duration) {},
		May: func(storage.SectionKey, storage.Tail) bool { return may }}
}

// begin takes the log over, loads it and serves.
func (b *bench) begin() *life {
	b.Helper()
	who := b.claimant(true)
	entry, err := writer.Claim(b.Context(), b.store, b.key, who, b.now())
	b.must(err)
	tail := entry.After(storage.HashEntry(&entry))
	m, _, err := writer.Load(b.Context(), b.store, b.key, b.Kind, tail)
	b.must(err)
	return &life{bench: b, id: who.Writer, sealed: tail.Seq, open: map[*writer.Request]int{},
		rests: map[*writer.Request]machine.Seq{}, w: writer.New(b.key, who.Writer, tail, m)}
}

func (l *life) submit(command any) *writer.Request {
	l.Helper()
	r := &writer.Request{Payload: command, At: l.now()}
	l.submitted++
	l.open[r] = l.submitted
	l.w.Submit(r)
	l.file(r)
	l.hear()
	return r
}

func (l *life) ready() *writer.Record {
	l.Helper()
	p := l.w.Ready()
	if p != nil {
		if n := len(p.Append.Entry.Body); n > storage.BodyBytesMax {
			l.Fatalf("a record of %d bytes", n)
		}
		l.sealed = p.Append.Entry.Seq
		for r := range l.open { // some of them have waited for room
			l.file(r)
		}
	}
	l.hear()
	return p
}

// commit gives a record to the log, and tells the writer nothing.
func (l *life) commit(p *writer.Record) error {
	return l.store.Commit(l.Context(), []storage.Append{p.Append})[0]
}

func (l *life) advance(p *writer.Record, err error) *writer.Record {
	l.Helper()
	landed := l.w.Advance(p.Append.Entry.Batch, err)
	l.hear()
	return landed
}

// land makes a record durable. What a shell does with a snapshot is done too.
func (l *life) land(p *writer.Record) {
	l.Helper()
	l.must(l.commit(p))
	if l.advance(p, nil) != p {
		l.Fatal("a record that landed is not given back")
	}
	if p.Snapshot != nil {
		l.must(l.store.SaveSnapshot(l.Context(), l.key, *p.Snapshot))
	}
	l.w.Recycle(p)
}

// settle lands whatever there is.
func (l *life) settle() {
	l.Helper()
	for p := l.ready(); p != nil; p = l.ready() {
		l.land(p)
	}
	if !l.w.Idle() {
		l.Fatal("a writer whose records have landed is not idle")
	}
}

// file notes in which record a request's changes are.
func (l *life) file(r *writer.Request) {
	if r.Changed && l.rests[r] == 0 {
		l.rests[r] = l.sealed + 1
	}
}

// hear takes the answers. Whichever case runs: each comes once, and none with changes before they are in the log.
func (l *life) hear() {
	l.Helper()
	durable := l.tail().Seq
	for _, r := range l.w.Answers() {
		no, open := l.open[r]
		if !open {
			l.Fatal("P5: a request is answered twice")
		}
		delete(l.open, r)
		if r.Changed && r.Err == nil && l.rests[r] > durable {
			l.Fatalf("P2: request %d is answered, its record %d is not in the log, which ends at %d", no, l.rests[r],
				durable)
		}
		if r.Changed && r.Err != nil && writer.ClassOf(r.Err) != writer.Unknown {
			l.Fatalf("P3: request %d may be in the log, and hears %v, which says that it is not", no, r.Err)
		}
		l.replies = append(l.replies, r)
	}
}

// isAnswered and isSilent say of requests whether they have been answered by now.
func (l *life) isAnswered(r ...*writer.Request) bool {
	return !slices.ContainsFunc(r, func(r *writer.Request) bool { return l.open[r] != 0 })
}

func (l *life) isSilent(r ...*writer.Request) bool {
	return !slices.ContainsFunc(r, func(r *writer.Request) bool { return l.open[r] == 0 })
}

// wantSilent fails the case unless all of them wait.
func (l *life) wantSilent(when string, all ...*writer.Request) {
	l.Helper()
	if !l.isSilent(all...) {
		l.Fatalf("%s: somebody has been answered", when)
	}
}

// wantYes fails the case unless all of them were accepted.
func (l *life) wantYes(when string, all ...*writer.Request) {
	l.Helper()
	for i, r := range all {
		if !l.isAnswered(r) || !l.accepted(r) {
			l.Fatalf("%s: command %d: told %v, %v, %+v, want a yes", when, i, l.isAnswered(r), r.Err, r.Payload)
		}
	}
}

// wantNo fails the case unless all of them were refused by the machine.
func (l *life) wantNo(when string, all ...*writer.Request) {
	l.Helper()
	for i, r := range all {
		if !l.isAnswered(r) || !l.refused(r) || r.Changed {
			l.Fatalf("%s: command %d: told %v, %v, %+v, want a no", when, i, l.isAnswered(r), r.Err, r.Payload)
		}
	}
}

// wantNotDone fails the case unless all of them heard that they must be repeated.
func (l *life) wantNotDone(when string, all ...*writer.Request) {
	l.Helper()
	for i, r := range all {
		if !l.isAnswered(r) || !errors.Is(r.Err, writer.ErrUnavailable) {
			l.Fatalf("%s: command %d: told %v, %v, %+v, want %v", when, i, l.isAnswered(r), r.Err, r.Payload,
				writer.ErrUnavailable)
		}
	}
}

// wantReplay holds a writer at rest against a replay of its whole log (P10).
func (l *life) wantReplay(when string) {
	l.Helper()
	tail := l.w.Tail()
	m := l.replay(tail, nil)
	live, log := l.stateAt(l.w.Machine(), tail.Seq+1), l.stateAt(m, tail.Seq+1)
	if !bytes.Equal(log, live) {
		l.Fatalf("P10: %s: the live machine is not what its log says:\n%x\nreplayed:\n%x", when, live, log)
	}
}

// replay gives the machine of the log's records up to tail, without any snapshot. effects may be nil.
func (b *bench) replay(tail storage.Tail, effects machine.Effects) machine.Machine {
	b.Helper()
	m, at := b.Kind.New(), storage.Tail{}
	for _, e := range b.entries() {
		if e.Seq > tail.Seq {
			break
		}
		if effects != nil {
			effects.Reset()
		}
		_, err := writer.Replay(m, b.key, &e, at, effects)
		b.must(err)
		at = e.After(storage.HashEntry(&e))
	}
	return m
}
