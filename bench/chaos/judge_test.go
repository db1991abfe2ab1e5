package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/buyers"
	"holdfast/bench/chaos/testbed"
	"holdfast/bench/check"
	"holdfast/bench/check/history"
	"holdfast/bench/lab"
)

const millisecond = history.Nanos(time.Millisecond)

// story is a small history in the event of returns, and the log beside it.
type story struct {
	recorder
	log   []wire.LogChange
	epoch uint64
	seq   uint64
}

func newStory(t *testing.T) *story {
	t.Helper()
	seats := &wire.Seatmap{Sections: []wire.SeatmapSection{
		{ID: "R1", Rows: []wire.SeatmapRow{{Label: "1", Seats: []wire.SeatmapSeat{{ID: "R1-1-1"}, {ID: "R1-1-2"}}}}}}}
	p, err := buyers.NewPlan(seats)
	if err != nil {
		t.Fatal(err)
	}
	s := &story{recorder: recorder{start: time.UnixMilli(1_900_000_000_000),
		events: []*buyers.Event{{ID: "stalls", Plan: p}, {ID: "returns", Plan: p}}}}
	s.claim(0)
	return s
}

func (s *story) line(at int, c wire.LogChange) {
	s.seq++
	c.Event, c.Section, c.Seq, c.Epoch, c.At = "returns", "R1", s.seq, s.epoch, wire.Time(s.start.UnixMilli()+int64(at))
	s.log = append(s.log, c)
}

func (s *story) claim(at int) {
	s.epoch++
	s.line(at, wire.LogChange{Kind: wire.LogClaim})
}

// storyPseudonym is what the log calls a buyer (P14): no secret is needed to judge by it.
func storyPseudonym(buyer uint64) [16]byte { return [16]byte{1, byte(buyer)} }

func requestName(buyer, key uint64) string { return requestOf(storyPseudonym(buyer), key) }

// answers records one asking as if it had been answered at once.
func (s *story) answers(e *task, at int, status int, body string) (reply, int32) {
	began := s.start.Add(time.Duration(at) * time.Millisecond)
	return s.record(e, &testbed.Answer{Status: status, Body: []byte(body), Sent: true, At: &testbed.Node{Name: "n1"},
		Began: began, Answered: began.Add(time.Millisecond)})
}

func bookingText(id, state string, ends int) string {
	return fmt.Sprintf(`{"id":%q,"state":%q,"seats":["R1-1-1"],"expires_at":"%v",`+
		`"total":{"amount":1,"currency":"EUR"}}`,
		id, state, wire.Time(1_900_000_000_000+int64(ends)))
}

// hold is a granted one; logged says whether the log has it.
func (s *story) hold(buyer uint64, id string, at int, logged bool) int32 {
	e := &task{kind: history.Hold, event: returns, quantity: 1, seats: []uint32{0}, of: history.NoOp, buyer: buyer,
		key: 1}
	ends := wire.Time(s.start.UnixMilli() + int64(at) + 3000)
	if logged {
		s.line(at, wire.LogChange{Kind: wire.LogHoldPlaced, Booking: id, Request: requestName(buyer, 1),
			Buyer: wire.HashText(storyPseudonym(buyer)), ExpiresAt: &ends, Seats: []uint32{0}})
	}
	_, op := s.answers(e, at, 201, bookingText(id, "held", at+3000))
	return op
}

func (s *story) pay(buyer uint64, id string, op int32, at int) {
	s.line(at, wire.LogChange{Kind: wire.LogPaymentBegun, Booking: id, Request: requestName(buyer, 2)})
	s.line(at, wire.LogChange{Kind: wire.LogSold, Booking: id})
	s.answers(&task{kind: history.Confirm, event: returns, of: op, buyer: buyer, key: 2}, at, 200,
		bookingText(id, "confirmed", 0))
}

// giveBack is a refund; the log has it, under its name, without one, on its way, or not at all.
func (s *story) giveBack(buyer uint64, id string, op int32, at int, log string) {
	due := wire.LogChange{Kind: wire.LogRefundDue, Booking: id, Seats: []uint32{0},
		Request: wire.HashText(wire.OperatorRequestHash([]byte(keyName(3))))}
	taken := wire.LogChange{Kind: wire.LogRefundPending, Booking: id, Seats: []uint32{0}}
	switch log {
	case "due":
		s.line(at, due)
	case "pending", "settled", "failed":
		s.line(at, due)
		s.line(at, taken)
	case "at once":
		taken.Kind = wire.LogRefunded
		s.line(at, due)
		s.line(at, taken)
	case "named":
		s.line(at, wire.LogChange{Kind: wire.LogRefunded, Booking: id,
			Request: wire.HashText(wire.OperatorRequestHash([]byte(keyName(3))))})
	case "unnamed":
		s.line(at, wire.LogChange{Kind: wire.LogRefunded, Booking: id})
	}
	e := &task{kind: history.Release, event: returns, of: op, buyer: buyer, key: 3, refund: true,
		call: testbed.Call{Path: "/v1/bookings/" + id + "/refund"}}
	if log == "due" {
		s.answers(e, at, 202, bookingText(id, "confirmed", 0))
		return
	}
	s.answers(e, at, 200, bookingText(id, "refunded", 0))
}

// judge is what conclude does with what was recorded.
func (s *story) judge() (check.Result, *findings) {
	finds := &findings{}
	list := []*recorder{&s.recorder}
	log := plainly(s.log, list)
	named := retell(list, log, finds)
	checkSuperseded(log, list, s.start.UnixNano(), 5*millisecond, finds)
	settleUnknown(list, log, named)
	r := &run{cfg: &Config{}, bed: &testbed.Bed{}, events: s.events, start: s.start}
	h := r.history(list)
	return check.Run(context.Background(), h,
		check.Options{Log: func() (io.ReadCloser, error) { return named.log(log), nil }}), finds
}

// TestRefundsAreRetold: a ticket that is given back frees its seat as soon as the processor has taken the refund, and
// no check takes offence at whatever comes later of the money, when others may have the seat; a refund that the log
// does not know is found.
func TestRefundsAreRetold(t *testing.T) {
	for _, log := range []string{"named", "unnamed", "lost", "due", "pending", "settled", "failed", "at once"} {
		lost, back := log == "lost", log != "lost" && log != "due"
		s := newStory(t)
		op := s.hold(1, "b1", 10, true)
		s.pay(1, "b1", op, 20)
		s.giveBack(1, "b1", op, 30, log)
		want := "s"
		if back {
			s.hold(2, "b2", 40, true)
			want = "h"
		}
		switch log {
		case "settled":
			s.line(50, wire.LogChange{Kind: wire.LogRefunded, Booking: "b1"})
		case "failed":
			s.line(50, wire.LogChange{Kind: wire.LogRefundFailed, Booking: "b1"})
		}
		if got := string(truth(s.log, s.events[returns])["R1"][:1]); got != want {
			t.Errorf("%s: the seat is %s, want %s", log, got, want)
		}
		result, finds := s.judge()
		_, count := finds.of(checkRefunds)
		if !result.Passed() || (count > 0) != lost {
			t.Errorf("%s: %d findings\n%v", log, count, result.String())
		}
	}
}

// TestEveryChangeIsDrawn: a kind of change of which nobody has said what it makes of its seats.
func TestEveryChangeIsDrawn(t *testing.T) {
	for _, kind := range wire.LogKinds {
		if _, said := letterAfter[kind]; !said {
			t.Errorf("%s is in no map's truth", kind)
		}
	}
}

// TestEveryStateMayBeRead (P2): a state that the server has and that no reader here expects is a false finding.
func TestEveryStateMayBeRead(t *testing.T) {
	text, err := os.ReadFile("../../api/openapi.json")
	var document struct {
		Components struct {
			Schemas struct {
				Booking struct {
					Properties struct{ State struct{ Enum []string } }
				}
			}
		}
	}
	if err == nil {
		err = json.Unmarshal(text, &document)
	}
	states := document.Components.Schemas.Booking.Properties.State.Enum
	if err != nil || len(states) < 6 {
		t.Fatalf("%v: only the states %q", err, states)
	}
	onTheWay := []string{"paying", "confirming"} // whose call was answered 202, so that nothing is expected
	const neverAsked = "exchanged"               // no buyer here exchanges seats
	for _, state := range states {
		expected := slices.Contains(onTheWay, state) || state == neverAsked
		for _, may := range mayRead {
			expected = expected || slices.Contains(may, state)
		}
		if !expected {
			t.Errorf("a booking that is %s is a finding", state)
		}
	}
}

// TestCutPartyThatIsRefundedIsRetold: no check takes offence at a ticket over two sections that is given back, and the
// map of each section is what the log says.
func TestCutPartyThatIsRefundedIsRetold(t *testing.T) {
	s := newStory(t)
	seats := &wire.Seatmap{Sections: []wire.SeatmapSection{
		{ID: "R1", Rows: []wire.SeatmapRow{{Label: "1", Seats: []wire.SeatmapSeat{{ID: "R1-1-1"}, {ID: "R1-1-2"}}}}},
		{ID: "R2", Rows: []wire.SeatmapRow{{Label: "1", Seats: []wire.SeatmapSeat{{ID: "R2-1-1"}}}}}}}
	p, err := buyers.NewPlan(seats)
	if err != nil {
		t.Fatal(err)
	}
	s.events[0].Plan, s.events[1].Plan = p, p
	party := &task{kind: history.Best, event: returns, section: history.AnySection, quantity: 2, of: history.NoOp,
		buyer: 1, key: 1}
	ends := wire.Time(s.start.UnixMilli() + 3000)
	s.line(10, wire.LogChange{Kind: wire.LogHoldPlaced, Booking: "b1", Request: requestName(1, 1), Order: "0-1-1",
		Buyer: wire.HashText(storyPseudonym(1)), ExpiresAt: &ends, Seats: []uint32{0}})
	_, op := s.answers(party, 10, 201, strings.Replace(bookingText("b1", "held", 3000), `["R1-1-1"]`,
		`["R1-1-1","R2-1-1"]`, 1))
	s.pay(1, "b1", op, 20)
	sold := s.seq
	s.giveBack(1, "b1", op, 30, "named")
	back := s.seq
	s.line(31, wire.LogChange{Kind: wire.LogOrderSettled, Booking: "b1", Order: "0-1-1", Cited: back})
	for i, c := range []wire.LogChange{
		{Kind: wire.LogClaim},
		{Kind: wire.LogLegBound, Booking: "l1", Order: "0-1-1", Buyer: wire.HashText(storyPseudonym(1)),
			Seats: []uint32{0}},
		{Kind: wire.LogLegSold, Booking: "l1", Order: "0-1-1", Cited: sold},
		{Kind: wire.LogLegFreed, Booking: "l1", Order: "0-1-1", Cited: back},
	} {
		c.Event, c.Section, c.Seq, c.Epoch = "returns", "R2", uint64(i+1), 1
		c.At = wire.Time(s.start.UnixMilli() + int64(5+10*i))
		s.log = append(s.log, c)
	}
	for n, want := range map[int]string{3: "s", 4: "a"} {
		log := s.log[:len(s.log)-4+n]
		if got := string(truth(log, s.events[returns])["R2"]); got != want {
			t.Errorf("after %d lines of the leg it is %s, want %s", n, got, want)
		}
	}
	if result, _ := s.judge(); !result.Passed() {
		t.Errorf("%v", result.String())
	}
}

// TestASeatBackTooEarlyIsFound (P1): the next buyer was told of the seat before anybody had given it back.
func TestASeatBackTooEarlyIsFound(t *testing.T) {
	s := newStory(t)
	op := s.hold(1, "b1", 10, true)
	s.hold(2, "b2", 15, true)
	s.pay(1, "b1", op, 20)
	s.giveBack(1, "b1", op, 30, "named")
	if result, _ := s.judge(); result.Find(check.Seats).State != check.Failed ||
		result.Find(check.Log).State != check.Failed {
		t.Errorf("two at once:\n%v", result.String())
	}
}

// TestWhatTheLogNeverSawExcusesNobody (P2): a buyer was refused because of a hold whose outcome nobody heard, and which
// never came to be.
func TestWhatTheLogNeverSawExcusesNobody(t *testing.T) {
	for _, logged := range []bool{true, false} {
		s := newStory(t)
		ghost := &task{kind: history.Hold, event: returns, quantity: 1, seats: []uint32{0}, of: history.NoOp, buyer: 1,
			key: 1}
		s.answers(ghost, 10, 503, `{"code":"outcome_unknown"}`)
		if logged {
			ends := wire.Time(s.start.UnixMilli() + 3000)
			s.line(10, wire.LogChange{Kind: wire.LogHoldPlaced, Booking: "b1", Request: requestName(1, 1),
				Buyer: wire.HashText(storyPseudonym(1)), ExpiresAt: &ends, Seats: []uint32{0}})
		}
		loser := &task{kind: history.Hold, event: returns, quantity: 1, seats: []uint32{0}, of: history.NoOp, buyer: 2,
			key: 1}
		s.answers(loser, 20, 409, `{"code":"seat_taken","seats":["R1-1-1"]}`)
		if result, _ := s.judge(); result.Passed() != logged {
			t.Errorf("in the log: %v\n%v", logged, result.String())
		}
	}
}

// TestSupersededEpochIsFound (P1, P3): somebody wrote under an epoch that another had ended, or before he was asked.
func TestSupersededEpochIsFound(t *testing.T) {
	for name, spoil := range map[string]func(s *story){
		"":                       func(s *story) {},
		"an older epoch":         func(s *story) { s.log[len(s.log)-1].Epoch = 1 },
		"older than the request": func(s *story) { s.log[len(s.log)-1].At -= 300 },
	} {
		s := newStory(t)
		s.claim(100)
		s.hold(1, "b1", 500, true)
		spoil(s)
		_, finds := s.judge()
		if _, count := finds.of(checkEpochs); (count > 0) != (name != "") {
			t.Errorf("%q: %d findings", name, count)
		}
	}
}

func TestHear(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   history.Kind
		status int
		sent   bool
		body   string
		want   history.Verdict
		ended  bool
	}{
		{"granted", history.Hold, 201, true, bookingText("b", "held", 1), history.Done, true},
		{"granted, without an id", history.Hold, 201, true, `{"seats":["R1-1-1"]}`, history.Unknown, false},
		{"granted, cut off", history.Hold, 0, true, "", history.Unknown, false},
		{"never sent", history.Hold, 0, false, "", history.Refused, false},
		{"taken", history.Hold, 409, true, `{"code":"seat_taken"}`, history.Taken, true},
		{"none left", history.Best, 409, true, `{"code":"sold_out"}`, history.NoneLeft, true},
		{"unavailable", history.Hold, 503, true, `{"code":"unavailable"}`, history.Unknown, false},
		{"moved", history.Hold, 503, true, `{"code":"moved"}`, history.Unknown, false},
		{"a gateway's 503", history.Hold, 503, true, `busy`, history.Unknown, false},
		{"overloaded", history.Hold, 503, true, `{"code":"overloaded"}`, history.Refused, false},
		{"being paid", history.Confirm, 202, true, bookingText("b", "paying", 1), history.Unknown, false},
		{"paid", history.Confirm, 200, true, bookingText("b", "confirmed", 1), history.Done, true},
		{"declined", history.Confirm, 402, true, `{"code":"payment_declined"}`, history.Refused, true},
		{"lapsed", history.Confirm, 409, true, `{"code":"hold_expired"}`, history.Ended, true},
		{"unknown booking", history.Release, 404, true, `{"code":"booking_unknown"}`, history.Ended, true},
		{"broken inside", history.Hold, 500, true, `{"code":"internal"}`, history.Unknown, false},
		{"released", history.Release, 200, true, bookingText("b", "released", 1), history.Done, true},
		{"released too late", history.Release, 200, true, bookingText("b", "expired", 1), history.Ended, true},
	} {
		h := hear(c.kind, &testbed.Answer{Status: c.status, Body: []byte(c.body), Sent: c.sent})
		if h.verdict != c.want || h.decided() != c.ended {
			t.Errorf("%s: %v decided %v", c.name, h.verdict, h.decided())
		}
	}
}

// TestWatcherProvesTheMap (P9): deltas after a snapshot give what a checkpoint says, and a lost delta is found.
func TestWatcherProvesTheMap(t *testing.T) {
	sum := sha256.Sum256([]byte("haa"))
	checkpoint := `{"section":"S1","seq":5,"hash":"` + hex.EncodeToString(sum[:]) + `"}`
	for _, c := range []struct {
		name   string
		frames []lab.Frame
		found  bool
	}{
		{"whole", []lab.Frame{frame("", "delta", `{"section":"S1","seq":5,"changes":[[0,"h"]]}`),
			frame("", "checkpoint", checkpoint)}, false},
		{"two records in one delta", []lab.Frame{
			frame("", "delta", `{"section":"S1","first_seq":4,"seq":5,"changes":[[0,"h"]]}`),
			frame("", "checkpoint", checkpoint)}, false},
		{"a delta lost", []lab.Frame{frame("", "checkpoint", checkpoint)}, true},
		{"a delta wrong", []lab.Frame{frame("", "delta", `{"section":"S1","seq":5,"changes":[[1,"h"]]}`),
			frame("", "checkpoint", checkpoint)}, true},
		{"a delta twice", []lab.Frame{frame("", "delta", `{"section":"S1","seq":5,"changes":[[0,"h"]]}`),
			frame("", "delta", `{"section":"S1","seq":5,"changes":[[0,"h"]]}`)}, true},
		{"a seat that is not there", []lab.Frame{frame("", "delta", `{"section":"S1","seq":5,"changes":[[9,"h"]]}`)},
			true},
	} {
		finds := &findings{}
		w := newWatcher(&testbed.Node{Name: "n1"}, nil, finds)
		first := frame("a.1", "snapshot", `{"sections":[{"id":"S1","seq":4,"status":"aaa","free":3}]}`)
		w.take(&first)
		for i := range c.frames {
			w.take(&c.frames[i])
		}
		if _, count := finds.of(checkMaps); (count > 0) != c.found {
			t.Errorf("%s: %d findings", c.name, count)
		}
		if c.name == "whole" && (w.differs(map[string][]byte{"S1": []byte("haa")}) != "" ||
			w.differs(map[string][]byte{"S1": []byte("sha")}) == "") {
			t.Error("the map is not what it is")
		}
	}
}

// TestVerdictOfARun: little sold is invalid, something left out is not checked, and a fault is a fault.
func TestVerdictOfARun(t *testing.T) {
	for _, c := range []struct {
		verdicts string
		rate     float64
		want     string
	}{
		{"passed passed", 400, Passed}, {"passed passed", 49, Invalid}, {"passed not_checked", 400, NotChecked},
		{"failed not_checked", 400, Failed}, {"failed passed", 3, Failed},
	} {
		p := &Report{Figures: Figures{UsefulSecond: c.rate}}
		for _, v := range strings.Fields(c.verdicts) {
			p.Checks = append(p.Checks, Check{Name: "c", Verdict: v})
		}
		if p.decide(); p.Verdict != c.want {
			t.Errorf("%v: %s", c, p.Verdict)
		}
	}
}

func TestFirstAfter(t *testing.T) {
	list := []acked{{1, 2}, {5, 30}, {6, 9}, {7, 8}, {40, 41}}
	for moment, want := range map[history.Nanos]history.Nanos{0: 2, 2: 8, 8: 41, 41: -1} {
		got, ok := firstAfter(list, moment)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("after %d: %d, want %d", moment, got, want)
		}
	}
}

func frame(id, event, data string) lab.Frame {
	return lab.Frame{ID: id, Event: event, Data: []byte(data)}
}
