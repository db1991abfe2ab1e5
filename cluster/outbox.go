package cluster

import (
	"runtime"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"holdfast/storage"
)

// outbox is the sending half of the link to one peer: what waits, what is under way, and the goroutine that sends.
//
//	Send ──▶ [chunk][chunk][chunk…      up to 4 MiB with what is under way, then Send says no
//	           │ the first goes when fewer than Window are under way; meanwhile the last one fills
//	           ▼
//	        under way: 5 6 7 8 ──▶ line     an ack takes them off, and lets the next go
//
// No timer and no delay makes batches: while the window is full, or the sender is about to run, the next batch gathers by itself.
type outbox struct {
	now   func() int64 // nanoseconds since the process's start
	me    storage.WriterID
	peer  storage.WriterID
	limit int // bytes
	most  int // batches under way

	wake chan struct{} // capacity 1
	done chan struct{}
	gone chan struct{} // closed when the sender has ended

	mu       sync.Mutex
	line     *line
	session  uint64 // ours
	echo     uint64 // the peer's
	open     bool
	waiting  []*chunk
	flying   []*chunk // the last of them has number sent
	bytes    int      // in waiting and flying
	sent     uint64
	received uint64
	owed     int   // batches received and not acknowledged
	control  bool  // something has to be said even if no message waits
	spoke    int64 // when the last batch left
	theirs   int64 // newest at of the peer, and when it came
	came     int64
	trip     time.Duration // smoothed
	stats    PeerStats     // of counters only those about sending
}

// chunk is a batch in the making, with room for its header in front, so that nothing is copied when it leaves.
type chunk struct {
	value    wrapperspb.BytesValue
	messages int
}

const (
	chunkStart  = 4 << 10
	chunkReused = 2 * batchMax // larger buffers are one big message's, and not kept
)

var chunks = sync.Pool{New: func() any {
	return &chunk{value: wrapperspb.BytesValue{Value: make([]byte, headerSize, chunkStart)}}
}}

func (c *chunk) recycle() {
	if cap(c.value.Value) <= chunkReused {
		c.value.Value, c.messages = c.value.Value[:headerSize], 0
		chunks.Put(c)
	}
}

func newOutbox(o Options, peer storage.WriterID, now func() int64) *outbox {
	return &outbox{
		now: now, me: o.Writer, peer: peer, limit: o.OutboxBytes, most: o.Window,
		wake: make(chan struct{}, 1), done: make(chan struct{}), gone: make(chan struct{}),
	}
}

// run is the sender. post must not keep a batch after it was acknowledged.
func (o *outbox) run(post func(*actor.PID, *wrapperspb.BytesValue)) {
	defer close(o.gone)
	for {
		select {
		case <-o.done:
			return
		case <-o.wake:
		}
		runtime.Gosched() // whoever can run now may add a message first: more share the batch, and nobody waits when nobody runs
		for {
			to, batch := o.take()
			if batch == nil {
				break
			}
			post(to, batch)
		}
	}
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// send packs a copy of message.
func (o *outbox) send(message []byte) bool {
	o.mu.Lock()
	if !o.open || len(message) > MaxMessage || o.bytes+len(message) > o.limit {
		o.stats.Dropped++
		o.mu.Unlock()
		return false
	}
	c := o.roomFor(len(message))
	before := len(c.value.Value)
	c.value.Value = appendMessage(c.value.Value, message)
	c.messages++
	o.bytes += len(c.value.Value) - before
	wake := len(o.flying) < o.most // else the ack that makes room does it
	o.mu.Unlock()
	if wake {
		o.signal()
	}
	return true
}

// roomFor is the last chunk if the message still fits, else a new one.
func (o *outbox) roomFor(length int) *chunk {
	if n := len(o.waiting); n > 0 && len(o.waiting[n-1].value.Value)+length <= batchMax {
		return o.waiting[n-1]
	}
	c := chunks.Get().(*chunk)
	o.waiting = append(o.waiting, c)
	return c
}

// take is the next batch to be sent and whereto, or nil.
func (o *outbox) take() (*actor.PID, *wrapperspb.BytesValue) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var c *chunk
	switch {
	case o.line == nil:
		return nil, nil
	case o.open && len(o.waiting) > 0 && len(o.flying) < o.most:
		c = o.waiting[0]
		o.waiting = shift(o.waiting, 1)
		o.flying = append(o.flying, c)
		o.sent++
		o.stamp(c)
		o.stats.MessagesSent += uint64(c.messages)
	case o.control && o.line.mayAsk():
		c = &chunk{value: wrapperspb.BytesValue{Value: make([]byte, headerSize)}}
		o.stamp(c)
	default:
		return nil, nil
	}
	o.stats.BatchesSent++
	o.stats.BytesSent += uint64(len(c.value.Value))
	return o.line.target, &c.value
}

// shift drops the first n in place, so that the slice's room is used again.
func shift(s []*chunk, n int) []*chunk {
	rest := copy(s, s[n:])
	clear(s[rest:])
	return s[:rest]
}

func (o *outbox) stamp(c *chunk) {
	now := o.now()
	h := header{up: o.open, to: o.peer, from: o.me, session: o.session, echo: o.echo, number: o.sent, ack: o.received, at: now}
	if o.theirs != 0 {
		h.back = o.theirs + now - o.came
	}
	h.put(c.value.Value)
	o.owed, o.control, o.spoke = 0, false, now
}

// begin opens the session that is agreed on; what Send takes from here on belongs to it.
func (o *outbox) begin() {
	o.mu.Lock()
	o.open, o.control = true, true // the peer learns from any batch that we know of its session
	o.mu.Unlock()
	o.signal()
}

// reset throws everything away and announces a new session of ours over a new line.
func (o *outbox) reset(session uint64, l *line) {
	o.mu.Lock()
	o.open, o.session, o.line, o.control = false, session, l, true
	o.waiting, o.flying, o.bytes = nil, nil, 0 // not recycled: the old line may still be reading them
	o.sent, o.received, o.owed, o.theirs = 0, 0, 0, 0
	o.mu.Unlock()
	o.signal()
}

// turnTo changes the line of a session that has not begun.
func (o *outbox) turnTo(l *line) {
	o.mu.Lock()
	o.line, o.control = l, true
	o.mu.Unlock()
	o.signal()
}

// meet notes the peer's session; everything sent from now on shows it that we know.
func (o *outbox) meet(session uint64) {
	o.mu.Lock()
	o.echo = session
	o.mu.Unlock()
}

// speak has the sender say something at the next opportunity.
func (o *outbox) speak() {
	o.mu.Lock()
	o.control = true
	o.mu.Unlock()
	o.signal()
}

// speakAfter does so after that much silence.
func (o *outbox) speakAfter(silence time.Duration) {
	o.mu.Lock()
	due := o.now()-o.spoke >= int64(silence)
	o.control = o.control || due
	o.mu.Unlock()
	if due {
		o.signal()
	}
}

// heard takes in the header of a batch of the current session; false if it acknowledges what was never sent.
func (o *outbox) heard(h header) bool {
	o.mu.Lock()
	first := o.sent - uint64(len(o.flying)) // the newest acknowledged so far
	if h.ack > o.sent {
		o.mu.Unlock()
		return false
	}
	wake := false
	if h.ack > first {
		n := int(h.ack - first)
		wake = len(o.waiting) > 0
		for _, c := range o.flying[:n] {
			o.bytes -= len(c.value.Value) - headerSize
			c.recycle() // it was read to the end, else it would not have arrived
		}
		o.flying = shift(o.flying, n)
	}
	o.measure(h)
	o.mu.Unlock()
	if wake {
		o.signal()
	}
	return true
}

func (o *outbox) measure(h header) {
	now := o.now()
	if h.at > o.theirs {
		o.theirs, o.came = h.at, now
	}
	if trip := now - h.back; h.back > 0 && trip >= 0 {
		if o.trip == 0 {
			o.trip = time.Duration(trip)
		}
		o.trip += (time.Duration(trip) - o.trip) / 8
	}
}

// delivered notes that the peer's batch of that number was handed over, and sees to its acknowledgement: with the next batch if one goes
// anyway, alone after every fourth, else with the keepalive.
func (o *outbox) delivered(number uint64) {
	o.mu.Lock()
	o.received = number
	o.owed++
	due := o.owed >= ackEvery && !o.control
	o.control = o.control || due
	o.mu.Unlock()
	if due {
		o.signal()
	}
}

func (o *outbox) snapshot() PeerStats {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.stats
	s.OutboxBytes, s.RoundTrip = o.bytes, o.trip
	return s
}

func (o *outbox) close() {
	o.mu.Lock()
	o.open, o.line = false, nil
	o.waiting, o.flying, o.bytes = nil, nil, 0
	o.mu.Unlock()
	close(o.done)
	<-o.gone
}
