package mail

import (
	"container/heap"
	"encoding/binary"
	"fmt"
	"time"

	"holdfast/actors/feed"
	"holdfast/actors/feed/mail/letter"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Items of the store: 'm' kind reference, each mail under the change that it tells of.
const (
	kindQueued = 'q'
	kindDead   = 'd'
	kindSince  = 's' // one item: since when mails are sent
)

// Fault says why a mail is dead.
type Fault byte

// The faults.
const (
	NoFault  Fault = iota
	Rejected       // the address was refused, for good
	TooLong        // the mail server could not take it for three days
	Spoilt         // the log it tells of cannot be read
)

var faultNames = [...]string{"", "rejected", "too_long", "unreadable"}

func (f Fault) String() string {
	if int(f) < len(faultNames) {
		return faultNames[f]
	}
	return "unknown"
}

// Queued is a mail that is to be sent, or was given up.
type Queued struct {
	Ref      feed.Ref
	Kind     letter.Kind
	Attempts uint16
	FirstAt  section.Instant // when it was told
	Due      section.Instant // when it is tried next; of a dead one, when it was given up
	Fault    Fault           // of a dead one
}

// queuedVersion1 begins a value: version 1 · kind 1 · attempts 2 · first at 8 · due 8 · fault 1.
const (
	queuedVersion1 = 1
	queuedSize     = 1 + 1 + 2 + 8 + 8 + 1
)

func (q *Queued) key(kind byte) []byte { return feed.AppendRef([]byte{'m', kind}, q.Ref) }

func (q *Queued) item(kind byte) storage.FeedItem {
	value := []byte{queuedVersion1, byte(q.Kind)}
	value = binary.BigEndian.AppendUint16(value, q.Attempts)
	value = binary.BigEndian.AppendUint64(value, uint64(q.FirstAt))
	value = binary.BigEndian.AppendUint64(value, uint64(q.Due))
	return storage.FeedItem{Key: q.key(kind), Value: append(value, byte(q.Fault))}
}

func decodeQueued(i storage.FeedItem) (q Queued, err error) {
	broken := fmt.Errorf("mail: %w: a queued mail", storage.ErrFormat)
	if len(i.Key) != 2+feed.RefSize || len(i.Value) != queuedSize || i.Value[0] != queuedVersion1 {
		return q, broken
	}
	var ok bool
	if q.Ref, ok = feed.ReadRef(i.Key[2:]); !ok {
		return q, broken
	}
	v := i.Value
	q.Kind, q.Attempts = letter.Kind(v[1]), binary.BigEndian.Uint16(v[2:])
	q.FirstAt, q.Due = section.Instant(binary.BigEndian.Uint64(v[4:])), section.Instant(binary.BigEndian.Uint64(v[12:]))
	q.Fault = Fault(v[20])
	return q, nil
}

// The rule of what is tried again: a half to one and a half of each pause, for three days.
var retryPauses = [...]time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 20 * time.Minute, time.Hour,
	2 * time.Hour, 4 * time.Hour}

// RetryFor is how long a mail is tried.
const RetryFor = 3 * 24 * time.Hour

func retryPause(attempts uint16) time.Duration {
	return feed.Jittered(retryPauses[min(max(int(attempts), 1), len(retryPauses))-1])
}

// queue is what this node sends, by the time it is due. Each reference is in it once.
type queue struct {
	list   queuedHeap
	queued map[feed.Ref]bool // also those that are being sent
}

func (q *queue) full() bool { return len(q.queued) >= queueMax }

// add puts a mail in, unless it is there.
func (q *queue) add(m Queued) {
	if q.queued == nil {
		q.queued = map[feed.Ref]bool{}
	}
	if !q.queued[m.Ref] {
		q.queued[m.Ref] = true
		heap.Push(&q.list, m)
	}
}

// due takes at most n mails whose time has come.
func (q *queue) due(now section.Instant, n int) (all []Queued) {
	for len(all) < n && len(q.list) > 0 && q.list[0].Due <= now {
		all = append(all, heap.Pop(&q.list).(Queued))
	}
	return all
}

// again puts a mail back that was taken.
func (q *queue) again(m Queued) { heap.Push(&q.list, m) }

// done forgets a mail that was taken.
func (q *queue) done(m *Queued) { delete(q.queued, m.Ref) }

type queuedHeap []Queued

func (h queuedHeap) Len() int           { return len(h) }
func (h queuedHeap) Less(i, j int) bool { return h[i].Due < h[j].Due }
func (h queuedHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *queuedHeap) Push(m any)        { *h = append(*h, m.(Queued)) }
func (h *queuedHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
