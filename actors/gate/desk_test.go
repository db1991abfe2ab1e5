package gate_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"holdfast/actors/gate"
	"holdfast/actors/gate/audit"
	"holdfast/actors/machine"
)

// desk drives a gate the way a writer does, one record for each command with changes, and holds beside it a machine
// that replays every record and a follower.
type desk struct {
	t        testing.TB
	m        *gate.Machine
	replayed machine.Machine
	follower *gate.Follower
	log      []audit.Entry
	seq      gate.Seq
	now      gate.Instant
	told     func(*gate.Change) // hears every change; nil: nobody does
}

func newDesk(t testing.TB) *desk {
	k := &gate.Kind{}
	d := &desk{t: t, m: k.New().(*gate.Machine), replayed: k.New(),
		follower: (&gate.Kind{Follows: true}).New().(*gate.Follower)}
	d.claim()
	return d
}

// claim begins a life.
func (d *desk) claim() {
	d.seq++
	d.log = append(d.log, audit.Entry{Seq: d.seq, At: d.now, Claim: true})
	d.replayed.Begin(d.seq)
	d.follower.Begin(d.seq)
	d.m.Begin(d.seq)
	d.m.Claimed(d.seq+1, d.now)
}

// timers runs what is due, however many pieces that takes.
func (d *desk) timers() {
	d.t.Helper()
	for rounds := 0; ; rounds++ {
		due, ok := d.m.NextTimer()
		if !ok || due > d.now {
			return
		}
		decided := d.m.DecideTimers(d.now)
		if decided.Changes == 0 || rounds > 100_000 {
			d.t.Fatalf("a timer of %d is due at %d, and does nothing", due, d.now)
		}
		d.write()
	}
}

// do judges one command, after the timers, and gives its answer.
func (d *desk) do(c gate.Command) gate.Answer {
	d.t.Helper()
	d.timers()
	call := gate.Call{Command: c}
	d.m.Begin(d.seq + 1) // where a writer's stands when it asks
	switch decided := d.m.Decide(&call, d.now); {
	case decided.Changes > 0:
		d.write()
	case decided.DependsOn > d.seq:
		d.t.Fatalf("P2: %+v rests on record %d, and only %d are written: nobody would ever hear it", call.Answer,
			decided.DependsOn, d.seq)
	}
	d.timers()
	return call.Answer
}

func (d *desk) write() {
	d.t.Helper()
	d.seq++
	d.m.Begin(d.seq)
	body := d.m.AppendChanges(nil, d.now)
	d.m.Apply(d.m.NewEffects())
	d.log = append(d.log, audit.Entry{Seq: d.seq, At: d.now, Body: body})
	for _, m := range []machine.Machine{d.replayed, d.follower} {
		m.Begin(d.seq)
		if _, err := m.Replay(body, d.now, nil); err != nil {
			d.t.Fatalf("record %d: %v", d.seq, err)
		}
	}
	if d.told != nil {
		d.must(gate.DecodeChanges(body, d.now, func(c *gate.Change) error { d.told(c); return nil }))
	}
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// same: P10. The replay, a restored machine and both kinds of follower are the machine that wrote the log.
func (d *desk) same() {
	d.t.Helper()
	for _, m := range []machine.Machine{d.m, d.replayed, d.follower} {
		m.Begin(d.seq + 1) // where a writer's stands after its claim
	}
	live := d.m.AppendSnapshot(nil)
	if got := d.replayed.AppendSnapshot(nil); !bytes.Equal(got, live) {
		d.t.Fatalf("P10: replayed:\n%x\nlive:\n%x", got, live)
	}
	again, err := (&gate.Kind{}).Restore(live)
	d.must(err)
	if got := again.AppendSnapshot(nil); !bytes.Equal(got, live) {
		d.t.Fatalf("P10: restored:\n%x\nlive:\n%x", got, live)
	}
	counts, err := (&gate.Kind{Follows: true}).Restore(live)
	d.must(err)
	if got, want := d.follower.AppendSnapshot(nil), counts.AppendSnapshot(nil); !bytes.Equal(got, want) {
		d.t.Fatalf("P10: followed:\n%x\nrestored to follow:\n%x", got, want)
	}
	if d.follower.Public() != d.m.Public() {
		d.t.Fatalf("the follower shows %+v, the owner %+v", d.follower.Public(), d.m.Public())
	}
}

// crash loses the memory; a snapshot brings it back.
func (d *desk) crash() {
	d.t.Helper()
	d.same()
	again, err := (&gate.Kind{}).Restore(d.m.AppendSnapshot(nil))
	d.must(err)
	d.m = again.(*gate.Machine)
	d.claim()
}

// audit judges the log.
func (d *desk) audit() *audit.Report { return audit.Run(slices.Values(d.log), audit.Options{}) }

// wantClean fails the test for anything that the audit finds.
func (d *desk) wantClean() {
	d.t.Helper()
	for _, f := range d.audit().Findings {
		d.t.Errorf("P8: %v", f)
	}
}

func buyer(n int) (b gate.Buyer) {
	binary.LittleEndian.PutUint64(b[:], uint64(n)+1)
	return b
}

func joinOf(buyers ...int) gate.Command {
	c := gate.Command{Kind: gate.Join}
	for _, n := range buyers {
		c.Entrants = append(c.Entrants, gate.Entrant{Buyer: buyer(n), Party: 2})
	}
	return c
}

// open gives a gate without a lobby whose doors are open.
func open(t testing.TB, s gate.Settings, stock uint32) *desk {
	d := newDesk(t)
	d.do(gate.Command{Kind: gate.Found, Settings: s})
	d.do(gate.Command{Kind: gate.Restock, Stock: gate.Stock{Free: stock}})
	return d
}

func (d *desk) acks() []gate.Ack { return []gate.Ack{{Node: gate.Node{1}, Seq: d.seq}} }
