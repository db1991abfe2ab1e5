package machinetest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"

	"holdfast/actors/machine"
	"holdfast/actors/shard"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

var shardCases = []testCase{
	{"P2_a_buyer_is_told_before_the_map", answeredBeforeMap},
	{"P4_a_timer_waits_for_somebody_to_ask", timerWaits},
	{"P3_a_memory_that_is_not_trusted_is_told", untrustedAnswered},
	{"a_shard_that_moves_loses_its_state", moveLosesState},
	{"a_request_gets_lost_in_a_move", lostInMove},
	{"P10_a_replica_differs_from_the_log", replicaDiffers},
	{"P10_a_damaged_log_is_followed", damagedFollowed},
	{"a_shard_that_was_drained_comes_back_as_another", drainLosesState},
	{"P3_a_fenced_life_goes_on_or_comes_back_by_itself", fencedComesBack},
	{"P3_a_fence_that_somebody_saw_is_ignored", seenFenceIgnored},
	{"P3_a_store_that_is_away_costs_a_life", awayCostsLife},
	{"a_panic_ends_more_than_one_life", panicEndsMore},
	{"more_requests_are_inside_than_may_be", moreThanMayBe},
	{"P10_a_damaged_log_is_tried_again", damagedTriedAgain},
	{"P3_another_nodes_log_is_tried_again_by_itself", foreignTriedAgain},
}

// answeredBeforeMap: P2. An answer comes after its record was published, and a slot is given back with it.
func answeredBeforeMap(b *bench) {
	s := b.newSite(b.Kind)
	a := s.serve()
	reached, pass := s.block()
	yes := s.send(b.Command(0))
	await(b, "the record at the store", reached)
	no := s.send(b.Refused(0))
	if yes.Answered() || no.Answered() {
		b.Error("P2: told before the store has written")
	}
	pass()
	s.wantYes("durable", yes)
	s.wantNo("durable", no)
	if got := s.host.takeCalls(); !slices.Equal(got, []string{"loaded", "landed", "answer", "answer"}) {
		b.Errorf("P2: it was %v", got)
	}
	s.wantNo("rests on nothing in flight", s.send(b.Refused(0)))
	if got := s.host.takeCalls(); !slices.Equal(got, []string{"answer"}) || a.Inflight() != 0 {
		b.Errorf("P7: a refusal is %v; %d slots are taken", got, a.Inflight())
	}
}

// timerWaits: P4. What lapses is written without anybody asking.
func timerWaits(b *bench) {
	b.needTimers()
	s := b.newSite(b.Kind)
	a := s.serve()
	s.wantYes("first", s.send(b.Command(0)))
	await(b, "its record", s.host.landed)
	due := b.now() + machine.Instant(b.Timer)
	if a.TrustedUntil() != due {
		b.Errorf("P4: the map is trusted until %d, the timer is at %d", a.TrustedUntil(), due)
	}
	b.pass(b.Timer)
	a.LookAtTimers()
	await(b, "the record of the lapse", s.host.landed)
	if _, more := b.replay(b.tail(), nil).NextTimer(); more {
		b.Error("P4: a record was written, and not of the lapse")
	}
	s.wantYes("what was in its way has lapsed", s.send(b.Refused(0)))
}

// untrustedAnswered: P3. Without a lease only what the log confirmed is told; without a clock nothing is judged.
func untrustedAnswered(b *bench) {
	s := b.newSite(b.Kind)
	s.serve()
	s.wantYes("with a lease", s.send(b.Command(0)))
	s.lease.Store(0)
	s.wantError("P3: a refusal from memory without a lease", s.send(b.Refused(0)), writer.ErrUnavailable)
	s.wantYes("the log confirmed it", s.send(b.Command(1)))
	s.lease.Store(1)
	s.wantNo("with a lease again", s.send(b.Refused(1)))
	s.clockLost.Store(true)
	s.wantError("without a clock", s.send(b.Command(2)), errClock)
	s.clockLost.Store(false)
	s.wantYes("it was not judged", s.send(b.Command(2)))
}

// moveLosesState: drained with a release, the shard is taken up by another node, and then by the first again. Each time
// it is the same machine, whether it is loaded or was followed, all of it or some.
func moveLosesState(b *bench) {
	n := 0
	from := b.newSite(b.Kind)
	life := from.serve()
	for _, followed := range []int{0, -1, 4, 1} { // records: none, all but the claim, the first few
		for range 3 {
			from.wantYes("serves", from.send(b.Command(n)))
			n++
		}
		from.Drain(b.Context(), shard.Leave{Release: true})
		why := from.wantEnd(life)
		if !errors.Is(why, shard.ErrDrained) || from.Phase() != writer.Stopped || from.Serving() != nil {
			b.Fatalf("drained it is %v: %v", from.Phase(), why)
		}
		tail := b.tail()
		if tail.Kind != storage.EntryReleased || !slices.Contains(from.host.takeCalls(), "released") {
			b.Fatalf("drained with a release the log ends with %+v", tail)
		}
		if from.send(b.Command(n)) != nil {
			b.Fatal("P3: a shard that has gone takes a request")
		}
		to := b.newSite(b.Kind)
		to.host.followed, to.host.at = b.follow(followed)
		next := to.serve()
		left, err := b.Kind.Restore(from.host.kept())
		b.must(err)
		if want := b.stateAt(left, tail.Seq+2); !bytes.Equal(to.host.kept(), want) {
			b.Fatalf("P10: moved, the machine differs:\n%x\nbefore:\n%x", to.host.kept(), want)
		}
		if next.Epoch() != life.Epoch()+1 || followed < 0 && to.host.replayed != 0 {
			b.Errorf("epoch %d after %d; %d changes replayed of a followed log",
				next.Epoch(), life.Epoch(), to.host.replayed)
		}
		to.wantNo("it has what the first node sold", to.send(b.Refused(n-1)))
		from, life = to, next
	}
}

// follow gives a replica of the log's first records: as many, or all of them for −1.
func (b *bench) follow(records int) (m machine.Machine, at storage.Tail) {
	b.Helper()
	if records == 0 {
		return nil, at
	}
	m = b.Kind.New()
	for i, e := range b.entries() {
		if i == records {
			break
		}
		_, err := writer.Replay(m, b.key, &e, at, m.NewEffects())
		b.must(err)
		at = e.After(storage.HashEntry(&e))
	}
	return m, at
}

// lostInMove: who comes while the shard leaves was accepted, or is told that it moved, or not taken. What was not
// accepted was not done.
func lostInMove(b *bench) {
	from, to := b.newSite(b.Kind), b.newSite(b.Kind)
	life := from.serve()
	const workers, each = 8, 40
	results := make([]*writer.Request, workers*each)
	var all sync.WaitGroup
	begun := make(chan struct{}, workers*each)
	for worker := range workers {
		all.Go(func() {
			for n := worker * each; n < (worker+1)*each; n++ {
				r := &writer.Request{Payload: b.Command(n)}
				r.Init()
				if sent, failure := from.Send(r); failure != nil || sent && !r.Wait(patience) {
					b.Errorf("command %d is lost: %v", n, failure)
				} else if sent {
					results[n] = r
				}
				begun <- struct{}{}
			}
		})
	}
	for range 2 * workers {
		await(b, "the first requests", begun)
	}
	from.Drain(b.Context(), shard.Leave{Release: true})
	all.Wait()
	from.wantEnd(life)
	to.serve()
	for n, r := range results {
		switch {
		case r != nil && b.accepted(r):
			to.wantNo("P2: it was accepted before the move", to.send(b.Refused(n)))
		case r == nil || errors.Is(r.Err, shard.ErrMoved) && writer.ClassOf(r.Err) == writer.NotDone:
			to.wantYes("it was surely not done before the move", to.send(b.Command(n)))
		default:
			b.Errorf("command %d: %v, %+v", n, r.Err, r.Payload)
		}
	}
}

// drainLosesState: without a release the shard stays this node's, stands still, and comes back when it is asked for.
func drainLosesState(b *bench) {
	s, other := b.newSite(b.Kind), b.newSite(b.Kind)
	first := s.serve()
	s.wantYes("serves", s.send(b.Command(0)))
	reached, pass := s.block()
	flying := s.send(b.Command(1))
	await(b, "the record at the store", reached)
	var drained sync.WaitGroup
	drained.Go(func() { s.Drain(b.Context(), shard.Leave{}) })
	pass()
	s.wantYes("what was in flight lands", flying)
	drained.Wait()
	if why := s.wantEnd(first); !errors.Is(why, shard.ErrDrained) || s.Phase() != writer.Stopped {
		b.Fatalf("drained it is %v: %v", s.Phase(), why)
	}
	tail := b.tail()
	if n := len(s.snapshots); n == 0 || s.snapshots[n-1].Seq != tail.Seq || tail.Kind == storage.EntryReleased {
		b.Errorf("drained it leaves %d snapshots, and the log ends with %+v", n, tail)
	}
	want := b.stateAt(b.replay(tail, nil), tail.Seq+2)
	if _, err := other.Activate(); err != nil {
		b.Fatal(err)
	}
	if why := await(b, "the other's failure", other.host.failed); !errors.Is(why, writer.ErrNotOurs) {
		b.Errorf("P3: another node takes what was not released: %v", why)
	}
	second := s.serve()
	if second.Epoch() != first.Epoch()+1 || !bytes.Equal(s.host.kept(), want) || s.host.replayed != 0 {
		b.Errorf("back, it is of epoch %d, and replays %d changes behind its snapshot", second.Epoch(), s.host.replayed)
	}
	s.wantNo("it has what it sold", s.send(b.Refused(1)))
}

// awayCostsLife: P3. A store that is away, or keeps its answers to itself, is waited for: the same life goes on.
func awayCostsLife(b *bench) {
	n := 0
	for _, trouble := range []faultstore.Action{faultstore.Lose, faultstore.LoseUnknown, faultstore.KeepUnknown} {
		b.anotherLog()
		s := b.newSite(b.Kind)
		life := s.serve()
		s.wantYes("before", s.send(b.Command(n)))
		s.faults.Add(faultstore.Rule{Op: faultstore.OpCommit, Do: trouble})
		waits := s.send(b.Command(n + 1))
		await(b, "a doubt", s.host.doubted)
		s.wantError("P3: new in a doubt", s.send(b.Command(n+2)), writer.ErrUnavailable)
		s.wantError("P3: a refusal in a doubt", s.send(b.Refused(n)), writer.ErrUnavailable)
		if life.TrustedUntil() != 0 {
			b.Errorf("P3: in a doubt the map is trusted until %d", life.TrustedUntil())
		}
		await(b, "a second doubt", s.host.doubted)
		if waits.Answered() {
			b.Error("P3: a doubt is told")
		}
		s.faults.Heal()
		s.wantYes("the store is back", waits)
		await(b, "the end of the doubt", s.host.decided)
		s.wantYes("served again", s.send(b.Command(n+2)))
		s.wantNo("served again", s.send(b.Refused(n+1)))
		if s.Serving() != life || life.Inflight() != 0 {
			b.Errorf("P3: %v cost a life, or %d slots", trouble, life.Inflight())
		}
		n += 3
	}
}

// moreThanMayBe: the count of slots is the bound, and every one comes back.
func moreThanMayBe(b *bench) {
	s := b.newSite(b.Kind)
	s.node.InflightMax = 4
	life := s.serve()
	for round := range 3 {
		reached, pass := s.block()
		var inside []*writer.Request
		for i := range 4 {
			inside = append(inside, s.send(b.Command(4*round+i)))
		}
		await(b, "the record at the store", reached)
		for range 3 {
			r := &writer.Request{Payload: b.Command(4*round + 4)}
			r.Init()
			if sent, failure := s.Send(r); sent || failure != shard.Overloaded {
				b.Errorf("a fifth request: sent %v, %v", sent, failure)
			}
		}
		pass()
		for _, r := range inside {
			s.wantYes("inside", r)
		}
		s.faults.Heal()
		if n := life.Inflight(); n != 0 {
			b.Fatalf("%d slots did not come back", n)
		}
	}
	s.faults.Add(faultstore.Rule{Op: faultstore.OpCommit, Do: faultstore.Fence})
	s.wantError("fenced", s.send(b.Command(99)), writer.ErrUnavailable)
	s.wantEnd(life)
}

// damagedTriedAgain: P10 and P2. A log that is damaged, or lost what was acknowledged, waits for a person.
func damagedTriedAgain(b *bench) {
	s := b.newSite(b.Kind)
	life := s.serve()
	s.wantYes("before", s.send(b.Command(0)))
	s.Drain(b.Context(), shard.Leave{})
	s.wantEnd(life)
	seen, tail := witness.New().Of(b.key), b.tail()
	seen.Saw(tail.Seq+1, tail.Epoch, storage.Hash{1}) // more than there is
	shorter := b.newSite(b.Kind)
	shorter.Shard = shard.New(&shorter.node, shorter.host, shorter.host, b.key, b.Kind, seen, nil)
	shorter.host.shard, shorter.node.Writer = shorter.Shard, s.node.Writer
	_, err := shorter.Activate()
	b.must(err)
	var lost *witness.LostError
	why := await(b, "a failure", shorter.host.failed)
	if !errors.As(why, &lost) || shorter.Phase() != writer.Condemned {
		b.Errorf("P2: a log that lost records: %v: %v", shorter.Phase(), why)
	}
	s.snapshots = nil
	b.store.Damage(b.key, 2)
	s.faults.Add(faultstore.Rule{Op: faultstore.OpLoadSnapshot, Do: faultstore.Fail, Err: storage.ErrNotFound})
	_, err = s.Activate()
	b.must(err)
	var corrupt *storage.CorruptError
	if why := await(b, "a failure", s.host.failed); !errors.As(why, &corrupt) || corrupt.Seq != 2 {
		b.Errorf("P10: a damaged log: %v", why)
	}
	for _, closed := range []*site{s, shorter} {
		closed.ActivateNow()
		if _, err := closed.Activate(); !errors.Is(err, writer.ErrUnavailable) || closed.Phase() != writer.Condemned {
			b.Errorf("P10: it may be tried again: %v, %v", closed.Phase(), err)
		}
	}
}

// panics is a command at which a brittle machine breaks.
type panics struct{}

// brittle is the machine under test, with a fault that no test of it has found.
type brittle struct{ machine.Machine }

func (m brittle) Decide(command any, at machine.Instant) machine.Decided {
	if _, ok := command.(panics); ok {
		panic("a fault on purpose")
	}
	return m.Machine.Decide(command, at)
}

type brittleKind struct{ machine.Kind }

func (k brittleKind) New() machine.Machine { return brittle{k.Kind.New()} }

func (k brittleKind) Restore(snapshot []byte) (machine.Machine, error) {
	m, err := k.Kind.Restore(snapshot)
	if err != nil {
		return nil, err
	}
	return brittle{m}, nil
}

// panicEndsMore: a panic ends the life that met it, once; the waiters hear, and the shard comes back by itself.
func panicEndsMore(b *bench) {
	s := b.newSite(brittleKind{b.Kind})
	first := s.serve()
	s.wantYes("before", s.send(b.Command(0)))
	reached, pass := s.block()
	flying := s.send(b.Command(1))
	await(b, "the record at the store", reached)
	changed := s.send(panics{})
	s.wantError("it met the panic", changed, writer.ErrUnavailable)
	s.wantError("its record was on its way", flying, writer.ErrUnavailable)
	if why := s.wantEnd(first); !strings.Contains(why.Error(), "a fault on purpose") {
		b.Errorf("the life ended with %v", why)
	}
	pass()
	s.faults.Heal()
	second := await(b, "the next life, by itself", s.host.served)
	if second.Epoch() <= first.Epoch() || s.Serving() != second || s.host.dead != 1 {
		b.Errorf("epoch %d after %d; %d lives were taken back", second.Epoch(), first.Epoch(), s.host.dead)
	}
	s.wantNo("what was durable is there", s.send(b.Refused(0)))
	s.wantYes("it serves", s.send(b.Command(2)))
	first.GiveUp() // a word to the dead is none to the living
	s.wantYes("it serves on", s.send(b.Command(3)))
	if s.Serving() != second || len(s.host.stopped) != 0 {
		b.Errorf("the second life ended with the first")
	}
}
