package load

import (
	"context"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"
)

// loop is one thread's part of a load: its connections, its buyers, its account. Nothing of it is shared but live.
//
// Invariants: a turn is in exactly one place: thinking, waiting, on a socket, or spare. inside counts the first three.
type loop struct {
	c         *Config
	script    Script
	ending    Ending // nil: the script does not know
	poll      poller
	addresses []netip.AddrPort
	sockets   []*socket
	free      []*socket // connected, with nothing on them; the last used one goes first, so that few stay warm
	down      []*socket // to be connected again
	events    []readiness

	begin    time.Time
	now      time.Duration
	offset   uint64 // of the next arrival among all arrivals
	stride   uint64 // the arrivals of other loops and processes lie between
	start    time.Duration
	arrived  bool          // no more arrivals
	full     time.Duration // a load that ends by time is measured over all of it
	deadline time.Duration // once arrived: when those inside are given up
	inside   int
	thinking turnHeap
	waiting  turnQueue
	spare    []*Turn

	result    *Result
	live      live
	cancelled atomic.Bool
	forget    func() bool // stops listening to the context
}

// eventsMax bounds what one wait brings: enough to share its cost, few enough that a due arrival does not wait long.
const eventsMax = 128

// waitMax bounds one wait, so that a cancelled load ends soon.
const waitMax = 50 * time.Millisecond

func openLoop(ctx context.Context, c *Config, id, conns int, addresses []netip.AddrPort) (*loop, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	l := &loop{
		c: c, poll: p, addresses: addresses, events: make([]readiness, eventsMax), result: newResult(c),
		script: c.Script(id),
		offset: uint64(c.Shard*c.Loops + id), stride: uint64(c.Shards * c.Loops), deadline: Never,
	}
	for i := range conns {
		s := &socket{id: len(l.sockets), address: addresses[(id+i*c.Loops)%len(addresses)], in: newInbox()}
		l.sockets = append(l.sockets, s)
		if err := s.open(l.poll); err != nil {
			l.close()
			return nil, err
		}
		l.free = append(l.free, s)
	}
	l.ending, _ = l.script.(Ending)
	l.forget = context.AfterFunc(ctx, func() { l.cancelled.Store(true) })
	l.schedule()
	return l, nil
}

func (l *loop) close() {
	if l.forget != nil {
		l.forget()
	}
	for _, s := range l.sockets {
		s.close(l.poll)
	}
	l.poll.close()
}

// run is the loop's life. It keeps its thread, so that the thread's processor time is the loop's.
func (l *loop) run(begin time.Time) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer l.close()
	l.begin = begin
	if b, ok := l.script.(Beginner); ok {
		b.Begin(begin)
	}
	cpu := threadTime()
	for l.tick(); !l.over(); l.tick() {
		l.arrive()
		l.wake()
		l.dispatch()
		l.reconnect()
		l.listen()
	}
	l.giveUp()
	l.result.Elapsed = max(l.result.Elapsed, min(l.full, l.now))
	if l.now > 0 {
		l.result.LoopCPU = []float64{float64(threadTime()-cpu) / float64(l.now)}
	}
}

func (l *loop) tick() time.Duration {
	l.now = time.Since(l.begin)
	return l.now
}

func (l *loop) over() bool {
	if l.cancelled.Load() {
		return true
	}
	return l.arrived && l.inside == 0 && l.now >= l.full || l.now > l.deadline
}

// schedule finds the next arrival's moment, or that there is none.
func (l *loop) schedule() {
	l.start = 0
	if l.c.Pace != nil {
		l.start = l.c.Pace.Start(RequestNo(l.offset))
	}
	switch {
	case l.c.Count > 0 && l.offset >= l.c.Count || l.start == Never || l.ending != nil && l.ending.Over():
		l.endArrivals(0)
	case l.c.Duration > 0 && l.start >= l.c.Duration:
		l.endArrivals(l.c.Duration)
	}
}

func (l *loop) endArrivals(full time.Duration) {
	l.arrived, l.full = true, full
	l.deadline = max(l.now, full) + l.c.Patience
}

// arrive lets in everybody who is due: by the pace, or one for each free connection.
func (l *loop) arrive() {
	for !l.arrived {
		if l.c.Pace != nil && l.start > l.now || l.c.Pace == nil && len(l.free) == 0 {
			return
		}
		if l.c.Pace == nil && l.c.Duration > 0 && l.now >= l.c.Duration {
			l.endArrivals(l.c.Duration)
			return
		}
		l.admit()
		l.offset += l.stride
		l.schedule()
	}
}

func (l *loop) admit() {
	t := l.turn()
	t.Buyer, t.Due = l.c.First+l.offset, l.start
	if l.c.Pace == nil {
		t.Due = l.now
	}
	l.result.Last = max(l.result.Last, t.Buyer+1)
	t.Request, t.After, t.Kind = t.Request[:0], 0, 0
	if !l.script.Arrive(t) {
		l.spare = append(l.spare, t)
		return
	}
	l.inside++
	l.proceed(t, t.Due)
}

func (l *loop) turn() *Turn {
	if n := len(l.spare); n > 0 {
		t := l.spare[n-1]
		l.spare = l.spare[:n-1]
		return t
	}
	return &Turn{}
}

// proceed brings a turn's request on its way: at once, or after the buyer has thought.
func (l *loop) proceed(t *Turn, from time.Duration) {
	t.Due = from + t.After
	t.queued = false
	switch n := len(l.free); {
	case t.Due > l.now:
		l.thinking.push(t)
	case n > 0 && l.waiting.len() == 0:
		s := l.free[n-1]
		l.free = l.free[:n-1]
		l.send(s, t)
	default:
		t.queued = true
		l.wait(t)
	}
}

func (l *loop) wait(t *Turn) {
	l.waiting.push(t)
	l.live.waiting.Add(1)
}

func (l *loop) wake() {
	for len(l.thinking) > 0 && l.thinking[0].Due <= l.now {
		t := l.thinking.pop()
		t.queued = len(l.free) <= l.waiting.len()
		l.wait(t)
	}
}

// dispatch gives free connections to those who wait.
func (l *loop) dispatch() {
	for l.waiting.len() > 0 && len(l.free) > 0 {
		n := len(l.free) - 1
		s := l.free[n]
		l.free = l.free[:n]
		l.live.waiting.Add(-1)
		l.send(s, l.waiting.pop())
	}
}

// send puts a turn's request on a connection.
func (l *loop) send(s *socket, t *Turn) {
	t.Sent = l.tick()
	s.turn = t
	switch sent, err := s.write(l.poll, t.Request); {
	case err == nil:
		l.count(t)
	case sent == 0: // surely not sent: the connection had been closed while nobody used it
		s.turn, t.queued = nil, true
		l.wait(t)
		l.lose(s)
	default:
		l.count(t)
		l.lose(s)
	}
}

// count takes down how late a request began.
func (l *loop) count(t *Turn) {
	if l.c.Pace == nil {
		return
	}
	lag := t.Sent - t.Due
	l.result.StartLag.Record(lag)
	switch {
	case lag <= LateAfter:
	case t.queued:
		l.result.Queued++
	default:
		l.result.LateStarts++
	}
}

// listen waits for whatever comes first: an answer, an arrival, the end of a thought.
func (l *loop) listen() {
	n := l.poll.wait(l.events, l.patience())
	l.tick()
	for _, ready := range l.events[:n] {
		l.serve(l.sockets[ready.id], ready.writable)
	}
}

func (l *loop) patience() time.Duration {
	until := l.now + waitMax
	if !l.arrived && l.c.Pace != nil {
		until = min(until, l.start)
	}
	if !l.arrived && l.c.Pace == nil && l.c.Duration > 0 {
		until = min(until, l.c.Duration)
	}
	if l.arrived && l.inside == 0 { // nothing is left but the end of the time
		until = min(until, l.full)
	}
	if len(l.thinking) > 0 {
		until = min(until, l.thinking[0].Due)
	}
	for _, s := range l.down {
		until = min(until, s.retryAt)
	}
	return max(until-l.tick(), 0)
}

func (l *loop) serve(s *socket, writable bool) {
	if s.state == closed { // lost since the wait
		return
	}
	if writable && (s.state == connecting || len(s.unsent) > 0) {
		l.advance(s)
		return
	}
	whole, err := s.read()
	switch {
	case err != nil:
		l.lose(s)
	case whole:
		l.answered(s)
	}
}

// advance goes on with what a socket could not do at once: connecting, or sending a long request.
func (l *loop) advance(s *socket) {
	if s.state != connecting {
		if _, err := s.write(l.poll, s.unsent); err != nil {
			l.lose(s)
		}
		return
	}
	if s.connected(l.poll) != nil {
		l.lose(s)
		return
	}
	l.free = append(l.free, s)
}

// answered hands an answer to its buyer, and goes on with what the buyer wants next.
func (l *loop) answered(s *socket) {
	t := s.turn
	if t == nil { // an answer that nobody asked for
		l.lose(s)
		return
	}
	s.turn = nil
	t.Returned, t.Lost, t.Answer = l.tick(), false, s.in.answer
	mustClose := t.Answer.Close
	more := l.judge(t)
	if mustClose {
		l.lose(s)
	} else {
		l.free = append(l.free, s)
	}
	l.continueOrLeave(t, more)
}

// judge lets the script say what came of a request, and takes it down.
func (l *loop) judge(t *Turn) (more bool) {
	kind, due := t.Kind, t.Due
	t.After = 0
	class, more := l.script.Answered(t)
	t.Answer = Answer{}
	if !l.arrived && l.ending != nil && l.ending.Over() {
		l.endArrivals(0)
	}
	took := t.Returned - due
	useful := int(kind) < len(l.c.Useful) && l.c.Useful[kind] && (class == Held || class == Served)
	l.result.Kinds[kind].record(class, took)
	l.result.Series.record(t.Returned, took, class, useful)
	l.result.Elapsed = max(l.result.Elapsed, t.Returned)
	l.live.answers[class].Add(1)
	if useful {
		l.result.Useful++
		l.live.useful.Add(1)
	}
	return more
}

func (l *loop) continueOrLeave(t *Turn, more bool) {
	if more {
		l.proceed(t, t.Returned)
		return
	}
	l.inside--
	l.spare = append(l.spare, t)
}

// giveUp ends what is still under way: nobody knows what becomes of it.
func (l *loop) giveUp() {
	l.result.Unstarted += uint64(l.waiting.len())
	l.result.Unfinished += uint64(len(l.thinking))
	for _, s := range l.sockets {
		if t := s.turn; t != nil {
			s.turn = nil
			t.Returned, t.Lost, t.Answer = l.now, true, Answer{}
			l.judge(t)
		}
	}
}
