package machinetest

import (
	"bytes"
	"errors"
	"fmt"

	"holdfast/actors/writer"
	"holdfast/storage"
)

// undecided is what a store says that gives no word on an append.
var undecided = []error{storage.ErrUnknown, fmt.Errorf("no store: %w", storage.ErrUnavailable)}

// sent is what a store was given of a record.
func sent(p *writer.Record) []byte {
	e := &p.Append.Entry
	hash := storage.HashEntry(e)
	return fmt.Appendf(nil, "%v %v %d %d %d %x %x %x %x %v %v", p.Append.Section, e.Kind, e.Seq, e.Epoch, e.At, e.Batch,
		e.Prev, hash, e.Body, p.Append.Sell, p.Append.Refund)
}

// otherBytesAfterDoubt: P3 and S6. The first sending may have arrived or not: only the same bytes can be told apart.
func otherBytesAfterDoubt(b *bench) {
	n := 0
	for _, doubt := range undecided {
		for _, arrived := range []bool{false, true} {
			l := b.begin()
			waits := l.submit(b.Command(n))
			p := l.ready()
			first := sent(p)
			gathered := l.submit(b.Command(n + 1))
			if arrived {
				b.must(l.commit(p))
			}
			for range 3 {
				if l.advance(p, doubt) != nil || l.w.Serving() || l.w.Stopped() {
					b.Fatalf("%v is taken for a word on the record", doubt)
				}
				again := l.ready()
				if again == nil || !bytes.Equal(sent(again), first) {
					b.Fatalf("after %v another record is sent than before:\n%s\n%s", doubt, first, sent(again))
				}
				if l.ready() != nil {
					b.Fatal("it is sent twice at a time")
				}
				l.wantSilent("in doubt", waits, gathered)
			}
			l.land(p)
			l.wantYes("the log has decided", waits)
			if l.advance(p, nil) != nil {
				b.Error("a second word on a record counts")
			}
			l.settle()
			l.wantYes("the next record", gathered)
			l.wantReplay("after the doubt")
			n += 2
		}
	}
}

// doubtIsAnswered: P3. What is new hears at once that it was not judged, not even a refusal that rests on durable
// records.
func doubtIsAnswered(b *bench) {
	for n, doubt := range undecided {
		l := b.begin()
		l.submit(b.Command(3 * n))
		l.settle()
		waits := l.submit(b.Command(3*n + 1))
		p := l.ready()
		l.advance(p, doubt)
		l.wantNotDone("in doubt", l.submit(b.Command(3*n+2)), l.submit(b.Refused(3*n)), l.submit(b.Refused(3*n+1)))
		if l.w.LastSnapshot() != nil {
			b.Error("a snapshot is taken of what may not be")
		}
		l.wantSilent("in doubt", waits)
		p = l.ready()
		l.wantNotDone("sent again", l.submit(b.Refused(3*n)))
		l.land(p)
		l.wantYes("decided", waits)
		yes, no := l.submit(b.Command(3*n+2)), l.submit(b.Refused(3*n))
		l.settle()
		l.wantYes("served again", yes)
		l.wantNo("served again", no)
	}
}

// decidedInDoubt: P3, who waits for room behind an undecided record is sent away, not judged on what may not be.
func decidedInDoubt(b *bench) {
	l := b.begin()
	first := l.submit(b.Command(0))
	p := l.ready()
	var waiting []*writer.Request
	n := 1
	for ; len(waiting) < 3; n++ {
		if r := l.submit(b.Command(n)); l.w.Full() {
			waiting = append(waiting, r)
		}
	}
	l.wantSilent("no room", waiting...)
	l.advance(p, storage.ErrUnknown)
	l.wantNotDone("in doubt", waiting...)
	l.wantSilent("in doubt", first)
	l.land(l.ready())
	l.settle()
	l.wantYes("repeated", first)
	again := l.submit(b.Command(n - 1))
	l.settle()
	l.wantYes("what was not judged was not done", again)
	l.wantReplay("after the doubt")
}

// decided is what a store says when an append will never be in the log.
func (l *life) decided(p *writer.Record, fence bool, other error) error {
	if !fence {
		return other
	}
	l.begin()
	err := l.commit(p)
	var fenced *storage.FencedError
	if !errors.As(err, &fenced) {
		l.Fatalf("the store takes a record of a fenced writer: %v", err)
	}
	return err
}

// lifePastFence: P3. Every waiter hears once, and nobody hears of what the memory held.
func lifePastFence(b *bench) {
	for i, other := range []error{nil, storage.ErrGap, storage.ErrTicketTaken, errors.New("disk on fire")} {
		n := 4 * i
		l := b.begin()
		l.submit(b.Command(n))
		l.settle()
		flying := l.submit(b.Command(n + 1))
		p := l.ready()
		resting := l.submit(b.Refused(n + 1))
		gathered := l.submit(b.Command(n + 2))
		behind := l.submit(b.Refused(n + 2))
		why := l.decided(p, i == 0, other)
		if l.advance(p, why) != nil || !l.w.Stopped() || l.w.Serving() {
			b.Fatalf("P3: %v does not end the life", why)
		}
		l.wantNotDone(why.Error(), flying, resting, gathered, behind)
		l.wantNotDone("a dead life", l.submit(b.Command(n+3)), l.submit(b.Refused(n)))
		if l.ready() != nil || l.w.LastSnapshot() != nil || l.w.RunTimers(b.now()) {
			b.Errorf("P3: after %v a dead life still writes", why)
		}
		if replies := len(l.replies); l.advance(p, nil) != nil || len(l.replies) != replies || l.ready() != nil {
			b.Errorf("P3: after %v a late word wakes a dead life", why)
		}
	}
}

// speculationOutlives: P3. The next life knows what the log has, and the rest was never done.
func speculationOutlives(b *bench) {
	old := b.begin()
	kept := old.submit(b.Command(0))
	old.settle()
	old.submit(b.Command(1))
	p := old.ready()
	gone := old.submit(b.Command(2))
	next := b.begin()
	old.advance(p, old.commit(p))
	old.wantNotDone("fenced", gone)
	no, yes, more := next.submit(b.Refused(0)), next.submit(b.Command(1)), next.submit(b.Command(2))
	next.settle()
	next.wantNo("it is in the log", no)
	next.wantYes("it never was in the log", yes, more)
	next.wantReplay("the next life")
	old.wantYes("told before the fence", kept)
}
