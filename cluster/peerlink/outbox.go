package peerlink

import (
	"sync"
	"time"
)

// outbox is what waits for one session's writer.
//
//	Send ──▶ [frame][frame][frame…      up to OutboxBytes, then Send says no
//	           │ the writer takes the first; the last one fills while the write before is under way
//	           ▼
//	         stream
//
// No timer and no delay fills frames: while a write is under way, or the writer is about to run, the next frame
// gathers.
type outbox struct {
	now   func() int64 // nanoseconds since the link's start, never zero
	limit int          // bytes

	wake chan struct{} // capacity 1: the writer has something to do

	mu        sync.Mutex
	closed    bool
	beat      bool // a frame is due even if no message waits
	waiting   []frame
	bytes     int   // in waiting
	spoke     int64 // when the newest frame was taken
	theirs    int64 // newest at of the peer, and when that frame came
	came      int64
	roundTrip time.Duration // smoothed
}

// frame is a frame in the making, with room for its header in front, so that nothing is copied when it leaves.
type frame struct {
	data     *[]byte
	messages int
}

func newOutbox(limit int, now func() int64) *outbox {
	return &outbox{now: now, limit: limit, wake: make(chan struct{}, 1), spoke: now()}
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// put packs a copy of message. False: there is no room, or no session any more.
func (o *outbox) put(message []byte) bool {
	o.mu.Lock()
	if o.closed || len(message) > MaxMessage || o.bytes+len(message) > o.limit {
		o.mu.Unlock()
		return false
	}
	f := o.roomFor(len(message))
	before := len(*f.data)
	*f.data = appendMessage(*f.data, message)
	f.messages++
	o.bytes += len(*f.data) - before
	o.mu.Unlock()
	o.signal()
	return true
}

// roomFor is the last frame if the message still fits, else a new one.
func (o *outbox) roomFor(length int) *frame {
	if n := len(o.waiting); n > 0 && len(*o.waiting[n-1].data)+length <= frameFull {
		return &o.waiting[n-1]
	}
	o.waiting = append(o.waiting, newFrame())
	return &o.waiting[len(o.waiting)-1]
}

func newFrame() frame {
	data := buffers.take()
	*data = append(*data, make([]byte, headerSize)...)
	return frame{data: data}
}

// take is the next frame to be written, with its header; false: there is nothing to say.
func (o *outbox) take() (f frame, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	kind := kindMessages
	switch {
	case o.closed:
		return frame{}, false
	case len(o.waiting) > 0:
		f = o.waiting[0]
		rest := copy(o.waiting, o.waiting[1:]) // in place, so that the slice's room is used again
		o.waiting[rest] = frame{}
		o.waiting = o.waiting[:rest]
		o.bytes -= len(*f.data) - headerSize
	case o.beat:
		f, kind = newFrame(), kindBeat
	default:
		return frame{}, false
	}
	now := o.now()
	h := header{kind: kind, at: now}
	if o.theirs != 0 {
		h.back = o.theirs + now - o.came
	}
	h.put(*f.data)
	o.beat, o.spoke = false, now
	return f, true
}

// beatAfter has the writer say something after that much silence.
func (o *outbox) beatAfter(silence time.Duration) {
	o.mu.Lock()
	due := o.now()-o.spoke >= int64(silence)
	o.beat = o.beat || due
	o.mu.Unlock()
	if due {
		o.signal()
	}
}

// received takes in the header of a frame of the peer.
func (o *outbox) received(h header) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	if h.at > o.theirs {
		o.theirs, o.came = h.at, now
	}
	if roundTrip := now - h.back; h.back > 0 && roundTrip >= 0 {
		if o.roundTrip == 0 {
			o.roundTrip = time.Duration(roundTrip)
		}
		o.roundTrip += (time.Duration(roundTrip) - o.roundTrip) / 8
	}
}

// figures are the bytes that wait, and the round trip.
func (o *outbox) figures() (bytes int, roundTrip time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes, o.roundTrip
}

// close throws away what waits; nothing is taken from then on.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.bytes = true, 0
	for _, f := range o.waiting {
		buffers.Put(f.data)
	}
	o.waiting = nil
}
