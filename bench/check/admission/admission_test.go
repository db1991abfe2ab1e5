package admission

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/bench/check"
	"holdfast/bench/check/history"
)

// sale is a small story: three join, two are called and come, one buys and one is told that nothing is left. Each test
// bends one thing of it.
type sale struct {
	ops      []history.QueueOp
	queue    []waitingroom.LogChange
	sections []wire.LogChange
}

const ms = history.Nanos(1_000_000)

func number(n uint32) *uint32 { return &n }

func moment(ms int64) *wire.Time { t := wire.Time(ms); return &t }

func newSale() *sale {
	op := func(kind history.QueueKind, buyer uint64, no uint32, call, back history.Nanos) history.QueueOp {
		return history.QueueOp{Kind: kind, Verdict: history.Done, Buyer: buyer, Number: no, Call: call * ms,
			Return: back * ms}
	}
	s := &sale{ops: []history.QueueOp{
		op(history.JoinQueue, 1, 0, 1, 2), op(history.JoinQueue, 2, 1, 3, 4), op(history.JoinQueue, 3, 2, 3, 5),
		op(
			history.TakeTurn,
			1,
			0,
			10,
			12,
		), op(history.BookBorrowed, 1, 0, 13, 14), op(history.BookAdmitted, 1, 0, 15, 16),
		op(
			history.BoughtInside,
			1,
			0,
			20,
			22,
		), op(history.TakeTurn, 2, 1, 30, 32), op(history.LeaveQueue, 2, 1, 40, 41),
		op(history.PollQueue, 3, 2, 50, 51),
	}}
	s.ops[3].Until, s.ops[7].Until = 1011*ms, 1031*ms
	s.ops[4].Verdict, s.ops[9].State = history.Refused, history.QueueSoldOut
	line := func(seq uint64, at int64, kind string) waitingroom.LogChange {
		return waitingroom.LogChange{Event: "e", Seq: seq, At: wire.Time(at), Kind: kind}
	}
	add := func(c waitingroom.LogChange) { s.queue = append(s.queue, c) }
	c := line(1, 0, waitingroom.LogFounded)
	c.Settings = &waitingroom.LogSettings{ActiveMax: 1}
	add(c)
	add(line(1, 0, waitingroom.LogOpened))
	for i, who := range []string{"aa", "bb", "cc"} {
		c = line(uint64(i)+2, int64(i)+1, waitingroom.LogJoined)
		c.Entrants = []waitingroom.LogEntrant{{Buyer: who, Party: 1}}
		add(c)
	}
	c = line(5, 6, waitingroom.LogStocked)
	c.Stock = &waitingroom.LogStock{Free: 2, Sections: []waitingroom.LogSection{{Section: 0, Seq: 1}}}
	add(c)
	c = line(6, 7, waitingroom.LogCalled)
	c.Called, c.Affected, c.Cites = number(2), number(2), 1
	add(c)
	c = line(7, 11, waitingroom.LogAdmitted)
	c.Number, c.From, c.Session, c.Until = number(0), "called", 1, moment(1011)
	add(c)
	c = line(8, 12, waitingroom.LogPresent)
	c.Number, c.From = number(1), "called"
	add(c)
	c = line(9, 23, waitingroom.LogSessionEnding)
	c.Session, c.Reason = 1, "bought"
	add(c)
	c = line(10, 24, waitingroom.LogSlotsFreed)
	c.Sessions, c.Acks = []uint32{1}, []waitingroom.LogAck{{Node: "n", Seq: 9}}
	add(c)
	c = line(11, 25, waitingroom.LogSlotsOffered)
	c.Affected = number(1)
	add(c)
	c = line(12, 31, waitingroom.LogAdmitted)
	c.Number, c.From, c.Session, c.Until = number(1), "offered", 2, moment(1031)
	add(c)
	s.sections = []wire.LogChange{{Event: "e", Section: "s", Seq: 1, Kind: wire.LogClaim},
		{Event: "e", Section: "s", Seq: 2, Kind: wire.LogHoldPlaced, Booking: "b", Seats: []uint32{0, 1}},
		{Event: "e", Section: "s", Seq: 3, Kind: wire.LogPaymentBegun, Booking: "b"},
		{Event: "e", Section: "s", Seq: 3, Kind: wire.LogSold, Booking: "b"}}
	return s
}

// find gives the n-th line of a kind.
func (s *sale) find(kind string, n int) *waitingroom.LogChange {
	for i := range s.queue {
		if s.queue[i].Kind == kind {
			if n--; n < 0 {
				return &s.queue[i]
			}
		}
	}
	return nil
}

func lines[T any](all []T) (io.ReadCloser, error) {
	var b strings.Builder
	for i := range all {
		line, err := json.Marshal(&all[i])
		if err != nil {
			return nil, err
		}
		b.Write(append(line, '\n'))
	}
	return io.NopCloser(strings.NewReader(b.String())), nil
}

func (s *sale) verdicts() []check.Check {
	h := &history.History{Header: history.Header{ClockSlack: 2 * ms,
		Events: []history.Event{{ID: "e", Sections: []history.Section{{ID: "s", Seats: 2}}}}},
		Parts: []*history.Part{{Queue: slices.Clone(s.ops)}}}
	return Run(context.Background(), h, Options{
		Queue:    func(context.Context, string) (io.ReadCloser, error) { return lines(s.queue) },
		Sections: func(context.Context) (io.ReadCloser, error) { return lines(s.sections) },
	})
}

// faultCases bend the story, each in one way, and say whose business that is.
var faultCases = []struct {
	name, check string
	bend        func(s *sale)
}{
	{"nothing", "", func(*sale) {}},
	{"G1: one number answered to two", Places, func(s *sale) { s.ops[2].Number, s.ops[9].Number = 1, 1 }},
	{"G1: a number answered as new twice", Places, func(s *sale) { s.ops = append(s.ops, s.ops[0]) }},
	{"G1: a second live place in the log", Places, func(s *sale) {
		s.find(waitingroom.LogJoined, 2).Entrants[0].Buyer = "bb"
	}},
	{"G1: a number that the log gives another buyer", Places, func(s *sale) {
		again := s.ops[2]
		again.Repeat, again.Number = true, 0
		s.ops = append(s.ops, again)
	}},
	{"P2: a number that the log does not have", Places, func(s *sale) { s.ops[2].Number, s.ops[9].Number = 7, 7 }},
	{"G2: a later asker before an earlier", Places, func(s *sale) {
		s.ops[0].Call, s.ops[0].Return = 8*ms, 9*ms
	}},
	{"G4: the counter goes back", Calls, func(s *sale) {
		again := *s.find(waitingroom.LogCalled, 0)
		again.Called, again.Affected = number(1), number(0)
		s.queue = slices.Insert(s.queue, 7, again)
	}},
	{"G4: an offer that is another's", Calls, func(s *sale) {
		last := *s.find(waitingroom.LogAdmitted, 1)
		last.Number = number(2)
		*s.find(waitingroom.LogCalled, 0).Called = 3
		s.queue[len(s.queue)-1] = last
		s.ops[7].Kind, s.ops[7].State = history.PollQueue, history.QueueGone
		s.ops = slices.Delete(s.ops, 8, 9)
	}},
	{
		"G8: a stock that the sections do not have",
		Calls,
		func(s *sale) { s.find(waitingroom.LogStocked, 0).Stock.Free = 3 },
	},
	{"G8: an old stock", Calls, func(s *sale) {
		newer := *s.find(waitingroom.LogStocked, 0)
		s.queue = slices.Insert(s.queue, 6, newer)
	}},
	{"G9: called when nothing is left", Calls, func(s *sale) {
		s.find(waitingroom.LogStocked, 0).Stock.Free, s.find(waitingroom.LogStocked, 0).Stock.Sections[0].Seq = 0, 3
	}},
	{"G9: called in a pause", Calls, func(s *sale) {
		s.queue = slices.Insert(s.queue, 6, waitingroom.LogChange{Event: "e", Seq: 5, Kind: waitingroom.LogOperated,
			Operation: &waitingroom.LogOperation{Action: "pause"}})
	}},
	{"G5: two inside by the log", Inside, func(s *sale) {
		second := *s.find(waitingroom.LogAdmitted, 1)
		second.From = "called"
		s.queue = append(s.queue[:8], second)
	}},
	{"G5: two surely inside by the answers", Inside, func(s *sale) { s.ops[6].Call, s.ops[6].Return = 34*ms, 35*ms }},
	{"G6: a slot freed before its end was followed", Sessions, func(s *sale) {
		s.find(waitingroom.LogSlotsFreed, 0).Acks[0].Seq = 8
	}},
	{"G7: a borrowed admission", Sessions, func(s *sale) { s.ops[4].Verdict = history.Done }},
	{"G7: a hold after the end", Sessions, func(s *sale) {
		late := s.ops[5]
		late.Buyer, late.Number, late.Call, late.Return = 2, 1, 60*ms, 61*ms
		s.ops = append(s.ops, late)
	}},
	{"G7: refused while inside", Sessions, func(s *sale) {
		s.ops[5].Verdict, s.ops[5].State = history.Refused, history.QueueNotAdmitted
	}},
	{"P2: an admission that the log does not have", Sessions, func(s *sale) {
		s.queue = s.queue[:len(s.queue)-1]
	}},
	{"P2: another end than the log's", Sessions, func(s *sale) { s.ops[3].Until += 10 * ms }},
	{"nobody told the third", Everybody, func(s *sale) { s.ops = s.ops[:9] }},
}

// TestFaultsOfWaitingRoomsAreFound: P8, each kind of fault is found by the check that is about it, and by no other; and
// a right story has none.
func TestFaultsOfWaitingRoomsAreFound(t *testing.T) {
	for _, c := range faultCases {
		s := newSale()
		c.bend(s)
		for _, got := range s.verdicts() {
			if bad := got.State != check.Passed; bad != (got.Name == c.check) {
				t.Errorf("%s: %s is %v: %s %v", c.name, got.Name, got.State, got.Detail, got.Faults)
			}
		}
	}
}

// TestStocksFollowRefunds (G8): seats are free again once, when the processor has taken their refund, whatever is said
// of the money afterwards, one by one or all at once.
func TestStocksFollowRefunds(t *testing.T) {
	seats := func(kind string, seats ...uint32) wire.LogChange {
		return wire.LogChange{Kind: kind, Booking: "b", Seats: seats}
	}
	for name, c := range map[string]struct {
		lines []wire.LogChange
		free  uint32
	}{
		"without a word of what is due": {[]wire.LogChange{seats(wire.LogRefunded)}, 3},
		"at once": {[]wire.LogChange{seats(wire.LogRefundDue, 0, 1),
			seats(wire.LogRefunded, 0, 1)}, 3},
		"due": {[]wire.LogChange{seats(wire.LogRefundDue, 0, 1)}, 1},
		"pending, then done": {[]wire.LogChange{seats(wire.LogRefundDue, 0, 1), seats(wire.LogRefundPending, 0, 1),
			seats(wire.LogRefunded)}, 3},
		"pending, then failed": {[]wire.LogChange{seats(wire.LogRefundDue, 0, 1), seats(wire.LogRefundPending, 0, 1),
			seats(wire.LogRefundFailed)}, 3},
		"one of two": {[]wire.LogChange{seats(wire.LogRefundDue, 1), seats(wire.LogRefunded, 1)}, 2},
	} {
		count := newCount(3, nil, 0)
		for _, l := range append([]wire.LogChange{seats(wire.LogHoldPlaced, 0, 1), seats(wire.LogPaymentBegun),
			seats(wire.LogSold)}, c.lines...) {
			count.change(&l)
		}
		if count.free != c.free || count.held != 0 || count.paying != 0 {
			t.Errorf(
				"%s: %d free, %d held, %d paying; want %d free", name, count.free, count.held, count.paying, c.free,
			)
		}
	}
}
