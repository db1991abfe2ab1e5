package machinetest

import (
	"slices"

	"holdfast/actors/machine"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// lostBehindFullRecord: who finds no room waits in order; none is lost, none overtakes, none is judged twice.
func lostBehindFullRecord(b *bench) {
	l := b.begin()
	all := b.fill(l)
	all = append(all, l.submit(b.Refused(b.Many-1)))
	records := 0
	for p := l.ready(); p != nil; p = l.ready() {
		records++
		l.land(p)
	}
	if !l.w.Idle() || l.w.Full() || records < 2 {
		b.Errorf("after %d records: idle %v, full %v", records, l.w.Idle(), l.w.Full())
	}
	if !slices.Equal(l.replies, all) {
		b.Fatalf("%d of %d are told, or out of order", len(l.replies), len(all))
	}
	l.wantYes("at rest", all[:b.Many]...)
	l.wantNo("at rest", all[b.Many])
	l.wantReplay("at rest")
	b.anotherLog()
	l = b.begin()
	left := append(b.fill(l), l.submit(b.Refused(0)))
	l.w.Stop(writer.Unavailable)
	l.hear()
	if !l.isAnswered(left...) {
		b.Error("who waits for room never hears that the life has ended")
	}
}

// fill gives the writer more than a record takes.
func (b *bench) fill(l *life) (all []*writer.Request) {
	b.Helper()
	for n := range b.Many {
		all = append(all, l.submit(b.Command(n)))
	}
	if !l.w.Full() {
		b.Fatalf("%d commands fit in one record: Many is too small to show anything", b.Many)
	}
	return all
}

// decidedBeforeLapsed: P4. No answer depends on how late a timer is.
func decidedBeforeLapsed(b *bench) {
	b.needTimers()
	l := b.begin()
	l.submit(b.Command(0))
	l.settle()
	due, ok := l.w.Machine().NextTimer()
	if want := b.now() + machine.Instant(b.Timer); !ok || due != want {
		b.Fatalf("the timer is at %d, %v; want %d", due, ok, want)
	}
	b.clock.Store(int64(due) - 1)
	l.wantNo("a moment early", l.submit(b.Refused(0)))
	if !l.w.RunTimers(b.now()) || l.w.Due() {
		b.Fatal("P4: a timer runs before its time")
	}
	b.pass(1)
	again := l.submit(b.Refused(0))
	if got, ok := l.w.Lapsed(); !ok || got != due {
		b.Errorf("what has lapsed in memory and not in the log is of %d, %v; want %d", got, ok, due)
	}
	p := l.ready()
	if p == nil || p.Changes < 2 || p.Due != due {
		b.Fatalf("P4: the record of a command has no lapse before it: %+v", p)
	}
	l.land(p)
	l.wantYes("P4: what was in its way has lapsed", again)
	l.wantReplay("a lapse and a command in one record")
	due, _ = l.w.Machine().NextTimer()
	b.clock.Store(int64(due))
	if !l.w.RunTimers(b.now()) || !l.w.Due() {
		b.Fatal("P4: what is due makes no record by itself")
	}
	l.settle()
	if _, more := l.w.Machine().NextTimer(); more {
		b.Error("P4: it is due once more")
	}
	l.wantReplay("a lapse alone")
}

// timersWithoutRoom: what cannot be written is not done, and is made up for before the next command.
func timersWithoutRoom(b *bench) {
	b.needTimers()
	l := b.begin()
	l.submit(b.Command(0))
	p := l.ready()
	l.advance(p, storage.ErrUnknown)
	b.pass(b.Timer)
	if l.w.RunTimers(b.now()) {
		b.Error("P3: timers run in a doubt")
	}
	l.land(l.ready())
	flying := l.submit(b.Command(1)) // and the lapse of the first
	p = l.ready()
	n := 2
	for ; !l.w.Full(); n++ {
		l.submit(b.Command(n))
	}
	b.pass(b.Timer)
	if l.w.RunTimers(b.now()) {
		b.Error("timers run although the record is full")
	}
	last := l.submit(b.Command(n))
	l.land(p)
	l.settle()
	l.wantYes("at rest", flying, last)
	l.wantNo("it was judged after the lapses", l.submit(b.Refused(n)))
	l.settle()
	l.wantReplay("at rest")
}

// overdue says that the machine has something to do that is due by now.
func (b *bench) overdue(l *life) bool {
	due, ok := l.w.Machine().NextTimer()
	return ok && due <= b.now()
}

// waveTooLarge: P4. A wave of lapses is cut, so that it fits and leaves room, and nothing of it is left out.
func waveTooLarge(b *bench) {
	b.needTimers()
	l := b.begin()
	b.fill(l)
	l.settle()
	b.pass(b.Timer)
	l.w.RunTimers(b.now())
	if !b.overdue(l) {
		b.Fatalf("%d lapses are one piece: Many is too small, or nothing bounds a piece", b.Many)
	}
	amid := l.submit(b.Refused(0))
	for rounds := 0; b.overdue(l); rounds++ {
		if rounds > b.Many {
			b.Fatal("P4: the wave does not end")
		}
		if !l.w.RunTimers(b.now()) {
			l.settle()
		}
	}
	l.settle()
	l.wantYes("amid the wave", amid)
	last := l.submit(b.Refused(b.Many - 1))
	l.settle()
	l.wantYes("P4: the wave's last has lapsed too", last)
	l.wantReplay("after the wave")
}
