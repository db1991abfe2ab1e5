package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/chaos/testbed"
	"holdfast/bench/check/history"
)

// worker is one closed loop: one buyer after the other, each with a name of its own, without a pause for thought.
type worker struct {
	*fair
	recorder
	rng  *rand.Rand
	no   uint64
	next uint64 // buyers so far
	keys uint64 // of the present buyer
}

// fair is what all workers share.
type fair struct {
	bed    *testbed.Bed
	finds  *findings
	client *http.Client
	// calm is when the last nemesis had ended and everything was served again, as nanoseconds since the history's
	// beginning; 0: it is not calm. Only then are maps recorded: how old one may be while its node is cut off, nobody
	// promises.
	calm   atomic.Int64
	looked atomic.Int64 // when a map was recorded last, in Unix nanoseconds
	// board is a request that somebody else had just now, so that two sometimes want the same.
	board atomic.Pointer[intent]
	done  atomic.Uint64 // changes acknowledged, for the lines of progress
}

// Of a worker: how many names it may use, and of a buyer: keys.
const (
	buyersPerWorker = 1_000_000
	keysPerBuyer    = 100
)

// taskPatience is how long a task is asked for before its buyer goes home without knowing. Longer than any step of a
// schedule.
const taskPatience = 20 * time.Second

// retryPause is between two askings of the same.
const retryPause = 20 * time.Millisecond

func (l *worker) newBuyer() (buyer uint64) {
	l.next++
	l.keys = 0
	return l.no*buyersPerWorker + l.next
}

func (l *worker) newKey(buyer uint64) uint64 {
	l.keys++
	return buyer*keysPerBuyer + l.keys
}

// shop goes on until ctx ends. finish bounds what is under way then.
func (l *worker) shop(ctx, finish context.Context) {
	for ctx.Err() == nil {
		l.evening(finish)
	}
}

// anyNode is one at random, but not the one that just failed; the one that joins is asked as well while it is there.
func (l *worker) anyNode(but *testbed.Node) *testbed.Node {
	all := l.bed.Nodes
	for {
		n := all[l.rng.IntN(len(all))]
		if n == but && len(all) > 1 || n.Host == testbed.Host(len(all)) && !n.ShouldRun() {
			continue
		}
		return n
	}
}

// see asks until the answer is decided: the same key at another node after whatever leaves the outcome open.
func (l *worker) see(ctx context.Context, e *task) (h reply, op int32) {
	ctx, cancel := context.WithTimeout(ctx, taskPatience)
	defer cancel()
	h, op = l.first(ctx, e)
	for !h.decided() {
		select {
		case <-ctx.Done():
			l.tally.gaveUp++
			return h, op
		case <-time.After(retryPause):
		}
		h, op = l.once(ctx, e, l.anyNode(h.at))
	}
	if h.verdict == history.Done {
		l.tally.done++
		l.done.Add(1)
	} else {
		l.tally.denied++
	}
	return h, op
}

func (l *worker) once(ctx context.Context, e *task, at *testbed.Node) (reply, int32) {
	r := testbed.Ask(ctx, l.client, at, &e.call)
	return l.record(e, &r)
}

// first asks for the first time; sometimes it is a double click, on two nodes at once under one key (P5).
func (l *worker) first(ctx context.Context, e *task) (reply, int32) {
	at := l.anyNode(nil)
	if l.rng.IntN(8) > 0 {
		return l.once(ctx, e, at)
	}
	other := l.anyNode(at)
	second := make(chan testbed.Answer, 1)
	go func() { second <- testbed.Ask(ctx, l.client, other, &e.call) }()
	r := testbed.Ask(ctx, l.client, at, &e.call)
	h, op := l.record(e, &r)
	r = <-second
	h2, op2 := l.record(e, &r)
	if h2.verdict == history.Done || !h.decided() {
		return h2, op2
	}
	return h, op
}

// intent is what a buyer wants to hold.
type intent struct {
	event    int
	kind     history.Kind
	section  uint32
	quantity uint32
	seats    []uint32
}

// evening is one buyer: a request, and what becomes of the booking.
func (l *worker) evening(ctx context.Context) {
	buyer := l.newBuyer()
	w := l.intent()
	e := &task{
		kind: w.kind, event: w.event, section: w.section, quantity: w.quantity, seats: w.seats, of: history.NoOp,
		buyer: buyer, key: l.newKey(buyer),
		call: testbed.Call{Method: http.MethodPost, Path: "/v1/events/" + l.events[w.event].ID + "/bookings",
			Body: l.wording(w)},
	}
	e.call.Buyer, e.call.Key = buyerName(buyer), keyName(e.key)
	h, op := l.see(ctx, e)
	if h.verdict == history.Done {
		b := &held{buyer: buyer, event: w.event, op: op, id: h.booking.ID, state: "held"}
		l.repeat(ctx, e)
		l.keep(ctx, b)
	}
	if l.rng.IntN(12) == 0 {
		l.lookAround(ctx)
	}
}

// intent draws one. Half of the named ones are of two rows that move on slowly, so that buyers meet.
func (l *worker) intent() *intent {
	if l.rng.IntN(6) == 0 {
		if w := l.board.Load(); w != nil {
			return w
		}
	}
	w := &intent{event: stalls, kind: history.Hold, quantity: uint32(1 + l.rng.IntN(3))}
	if l.rng.IntN(4) == 0 {
		w.event = returns
	}
	sections := l.events[w.event].Plan.Sections
	w.section = uint32(l.rng.IntN(len(sections)))
	switch l.rng.IntN(6) {
	case 0:
		w.kind = history.Best
		return w
	case 1:
		w.kind, w.section = history.Best, history.AnySection
		return w
	}
	rows := sections[w.section].Rows
	row := rows[l.rng.IntN(len(rows))]
	if l.rng.IntN(2) == 0 {
		row = rows[(int(l.next/64)+l.rng.IntN(2))%len(rows)]
	}
	first := row.First + uint32(l.rng.IntN(int(row.Count-w.quantity+1)))
	for i := range w.quantity {
		w.seats = append(w.seats, first+i)
	}
	l.board.Store(w)
	return w
}

// wording is the request as JSON.
func (l *worker) wording(w *intent) []byte {
	var book wire.Book
	sections := l.events[w.event].Plan.Sections
	if w.kind == history.Best {
		book.BestAvailable = &wire.BestAvailable{Quantity: w.quantity}
		if w.section != history.AnySection {
			book.BestAvailable.Section = sections[w.section].ID
		}
	}
	for _, seat := range w.seats {
		book.Seats = append(book.Seats, string(sections[w.section].SeatID(seat)))
	}
	text, _ := json.Marshal(&book) // strings and numbers: never fails
	return text
}

// repeat asks once more under the key of what was granted, on any node (P5).
func (l *worker) repeat(ctx context.Context, e *task) {
	if l.rng.IntN(5) == 0 {
		l.once(ctx, e, l.anyNode(nil))
	}
}

// held is a booking that its buyer was told of, and the last that was heard.
type held struct {
	buyer uint64
	event int
	op    int32
	id    string
	state string // acknowledged last
	vague bool   // something is unknown since
}

// keep is what becomes of a booking.
func (l *worker) keep(ctx context.Context, b *held) {
	l.read(ctx, b)
	if l.rng.IntN(5) == 0 {
		l.act(ctx, b, history.Extend, "")
	}
	release, pay := 45, 4
	if b.event == returns {
		release, pay = 20, 60
	}
	switch roll := l.rng.IntN(100); {
	case roll < release:
		l.act(ctx, b, history.Release, "")
	case roll < release+pay:
		l.pay(ctx, b)
	}
	l.read(ctx, b)
}

// pay confirms; in the event of returns the ticket is given back at once, mostly.
func (l *worker) pay(ctx context.Context, b *held) {
	token := "tok_ok"
	switch l.rng.IntN(12) {
	case 0:
		token = "tok_declined"
	case 1:
		token = "tok_unknown"
	}
	l.act(ctx, b, history.Confirm, `{"payment_token":"`+token+`"}`)
	if b.state != "confirmed" || b.event != returns {
		return
	}
	l.read(ctx, b)
	l.refund(ctx, b)
}

// acknowledged is the state that each op leaves.
var acknowledged = map[history.Kind]string{history.Extend: "held", history.Release: "released",
	history.Confirm: "confirmed"}

// op does something to a booking.
func (l *worker) act(ctx context.Context, b *held, kind history.Kind, body string) {
	e := &task{kind: kind, event: b.event, of: b.op, buyer: b.buyer, key: l.newKey(b.buyer)}
	e.call = testbed.Call{Method: http.MethodPost, Path: "/v1/bookings/" + b.id, Buyer: buyerName(b.buyer),
		Key: keyName(e.key), Body: []byte(body)}
	switch kind {
	case history.Extend:
		e.call.Path += "/extend"
	case history.Confirm:
		e.call.Path += "/confirm"
	default:
		e.call.Method = http.MethodDelete
	}
	h, _ := l.see(ctx, e)
	switch h.verdict {
	case history.Done:
		b.state = acknowledged[kind]
		l.repeat(ctx, e)
	case history.Ended:
		b.state = "ended"
	case history.Unknown:
		b.vague = true
	}
}

// refund is an operator's call, under an operator's key.
func (l *worker) refund(ctx context.Context, b *held) {
	e := &task{kind: history.Release, event: b.event, of: b.op, buyer: b.buyer, key: l.newKey(b.buyer), refund: true}
	e.call = testbed.Call{Method: http.MethodPost, Path: "/v1/bookings/" + b.id + "/refund", Key: keyName(e.key)}
	switch h, _ := l.see(ctx, e); h.verdict {
	case history.Done:
		b.state = "refunded"
	case history.Unknown:
		b.vague = true
	}
}

// bookingOf is the id in an op's path.
func bookingOf(e *task) string {
	return strings.TrimSuffix(strings.TrimPrefix(e.call.Path, "/v1/bookings/"), "/refund")
}

// mayRead are the states in which a booking may be found when its last acknowledged one is given, and nothing is
// unknown since. The clock is quick to end a hold; nothing else happens by itself.
var mayRead = map[string][]string{
	"held": {"held", "expired"}, "confirmed": {"confirmed"}, "released": {"released"}, "refunded": {"refunded"},
	"ended": {"expired", "released"},
}

// read asks some node for the booking: whatever was acknowledged before the question must be in the answer (P2),
// whoever is asked.
func (l *worker) read(ctx context.Context, b *held) {
	if l.rng.IntN(4) > 0 {
		return
	}
	r := testbed.Ask(ctx, l.client, l.anyNode(nil), &testbed.Call{Method: http.MethodGet, Path: "/v1/bookings/" + b.id,
		Buyer: buyerName(b.buyer)})
	l.tally.reads++
	if b.vague || r.Status == 0 || r.Status >= 500 || r.Status == http.StatusTooManyRequests {
		return
	}
	var found wire.Booking
	err := json.Unmarshal(r.Body, &found)
	if r.Status == http.StatusOK && err == nil && slices.Contains(mayRead[b.state], found.State) {
		return
	}
	l.finds.add(checkReads, fmt.Sprintf("booking %s, last acknowledged as %s: %s, asked at %v, says %d %s %.120s",
		b.id, b.state, r.At.Name, l.nanos(r.Began), r.Status, found.State, r.Body))
}

// calmLeast is how long it has to be calm before a map is held against the answers.
const calmLeast = int64(time.Second)

// lookEvery is between two maps recorded: each is a statement about every seat, and the checker weighs them all.
const lookEvery = 200 * time.Millisecond

// recordLook says whether a map should be recorded. Where nodes only stand by for each other, the map of one that
// stands by is as old as it likes.
func (f *fair) recordLook() bool {
	last, now := f.looked.Load(), time.Now().UnixNano()
	return f.bed.Clustered && now-last > int64(lookEvery) && f.looked.CompareAndSwap(last, now)
}

// lookAround reads the stalls' map at some node, and keeps it if it was calm all the time.
func (l *worker) lookAround(ctx context.Context) {
	calm := l.calm.Load()
	r := testbed.Ask(ctx, l.client, l.anyNode(nil), &testbed.Call{Method: http.MethodGet,
		Path: "/v1/events/" + l.events[stalls].ID + "/availability"})
	var live wire.Availability
	if r.Status != http.StatusOK || json.Unmarshal(r.Body, &live) != nil {
		return
	}
	l.tally.looks++
	if calm > 0 && l.calm.Load() == calm && int64(l.nanos(r.Began))-calm > calmLeast && l.recordLook() {
		if err := l.look(stalls, &live, r.Began, r.Answered); err != nil {
			l.finds.add(checkMaps, err.Error())
		}
	}
}
