package writer

import (
	"encoding/binary"
	"errors"
	"slices"

	"holdfast/actors/machine"
	"holdfast/actors/section"
	"holdfast/storage"
)

// status says whether a Writer may judge. The transitions are all in Advance.
type status uint8

const (
	serving status = iota
	unsure         // the log has not said what became of an append: it is re-sent until it does; everything else is refused
	stopped        // fenced, failed or given up: nothing the writer holds may be believed
)

// Writer is the single writer of one shard's log, without goroutines, clocks or I/O: a shell submits requests, sends
// what Ready gives to the log, and reports the result to Advance. Answers leave through Answers, in an order that keeps
// P2: an answer is there only once the record it depends on is durable.
//
// Invariants:
//   - at most one append is in flight; while it is, the next one gathers;
//   - state = durable records + in-flight record + gathering record, so it is thrown away, never repaired, after an error (P3);
//   - an answer waits in the Record that it depends on; no other way to reply exists.
type Writer struct {
	key    storage.SectionKey
	id     storage.WriterID
	m      machine.Machine
	seller Seller // m, if it is one
	status status
	epoch  machine.Epoch

	durable   machine.Seq     // newest record known to be in the log
	hash      storage.Hash    // of the newest record built (in flight, else durable)
	floor     machine.Instant // when this writer claimed, or said how far it is: nothing it writes is older
	durableAt machine.Instant // of the newest record known to be in the log
	batches   uint64          // appends made: makes batch ids unique under id
	gather    *Record         // never nil
	inflight  *Record         // nil: none
	resend    bool            // inflight must be sent again
	leaving   bool            // Release was called: nothing is judged any more
	released  bool            // and the log has it
	spare     *Record         // recycled

	backlog []*Request // waiting for room: the gathering record is full
	answers []*Request // may be told now
	body    []byte     // scratch of one request's encoded changes

	sinceSnapshot int // changes since the last one
	snapshotAfter int // changes until the next one
}

// Seller is a machine whose records change the tickets table too (the second guard of P1).
type Seller interface {
	// Tickets gives the rows that a record inserts and deletes. They are valid until the effects are reset.
	Tickets(e machine.Effects) (sell []section.Ticket, refund []section.SeatIndex)
}

// Record is one record, what it did, and everything that waits for it.
type Record struct {
	Append storage.Append
	// Effects are of the machine's own type, and reused after Recycle.
	Effects machine.Effects
	answers []*Request
	// Changes counts the changes in the record; 0 with waiting answers means nothing to write.
	Changes int
	// Hash is the record's own, once it has left.
	Hash storage.Hash
	// Snapshot, when not nil, is the state after this record: to be saved once the record is durable.
	Snapshot *storage.Snapshot
	// Due is the earliest instant among the timers whose changes are in the record; 0: none is.
	Due     machine.Instant
	release bool // the record gives the shard up
}

func (p *Record) reset() {
	p.Append.Entry.Body = p.Append.Entry.Body[:0]
	p.Append.Sell, p.Append.Refund = nil, nil
	p.Effects.Reset()
	clear(p.answers)
	p.answers, p.Changes, p.Snapshot, p.release, p.Due = p.answers[:0], 0, nil, false, 0
}

// bodyBytesSoft closes a record early: a larger body buys no throughput (the sync dominates) and delays the answers in
// it.
const bodyBytesSoft = storage.BodyBytesMax - 1024

// New starts a writer at the tail left by its own claim; m holds everything up to tail.
func New(key storage.SectionKey, id storage.WriterID, tail storage.Tail, m machine.Machine) *Writer {
	w := &Writer{key: key, id: id, m: m, epoch: tail.Epoch, durable: tail.Seq, hash: tail.Hash, floor: tail.At,
		durableAt: tail.At}
	w.seller, _ = m.(Seller)
	w.gather, w.spare = &Record{Effects: m.NewEffects()}, &Record{Effects: m.NewEffects()}
	m.Claimed(tail.Seq+1, tail.At)
	w.sinceSnapshot = 1 // the claim itself: a fresh log leaves a snapshot behind at its first quiet end
	return w
}

// Epoch is the fencing token that every append carries.
func (w *Writer) Epoch() machine.Epoch { return w.epoch }

// Durable is the newest record known to be in the log.
func (w *Writer) Durable() machine.Seq { return w.durable }

// Machine is for reading only, by the goroutine that drives the writer.
func (w *Writer) Machine() machine.Machine { return w.m }

// Serving says that requests are judged: no append is in doubt.
func (w *Writer) Serving() bool { return w.status == serving }

// Stopped says that the writer must be thrown away.
func (w *Writer) Stopped() bool { return w.status == stopped }

// Idle says that nothing is in flight, gathering or waiting.
func (w *Writer) Idle() bool {
	return w.inflight == nil && w.gather.Changes == 0 && !w.gather.release && len(w.backlog) == 0
}

// Due says that a record has gathered and none is in flight: Ready would give one.
func (w *Writer) Due() bool { return w.inflight == nil && w.gather.Changes > 0 }

// Full says that requests wait because the gathering record has no room.
func (w *Writer) Full() bool { return len(w.backlog) > 0 }

// Submit takes one request. r.At is raised to the newest instant judged, so that time never goes back.
func (w *Writer) Submit(r *Request) {
	if w.status != serving || w.leaving {
		w.refuse(r, Unavailable)
		return
	}
	if len(w.backlog) > 0 || !w.judge(r) {
		w.backlog = append(w.backlog, r)
	}
}

// judge decides and applies one request; false means that the gathering record has no room for it.
func (w *Writer) judge(r *Request) bool {
	at := w.notBefore(r.At)
	if !w.runTimers(at) {
		return false
	}
	r.At = at
	d := w.m.Decide(r.Payload, at)
	if d.Changes == 0 {
		w.answerAfter(r, d.DependsOn)
		return true
	}
	if !w.apply(d.Changes, at) {
		return false
	}
	r.Changed = true
	w.gather.answers = append(w.gather.answers, r)
	return true
}

func (w *Writer) notBefore(at machine.Instant) machine.Instant {
	return max(at, w.m.LastAt(), w.floor)
}

// RunTimers does what time has made due by now. False means that it must be called again after the record in flight has
// landed: there is no room now, or its outcome is unknown.
func (w *Writer) RunTimers(now machine.Instant) bool {
	return !w.leaving && w.status == serving && len(w.backlog) == 0 && w.runTimers(w.notBefore(now))
}

// runTimers runs before every command, so that no answer ever depends on how late a timer is (P4). A wave that the
// machine cuts goes on with the next command or tick.
func (w *Writer) runTimers(at machine.Instant) bool {
	due, ok := w.m.NextTimer()
	if !ok || due > at {
		return true
	}
	if !w.apply(w.m.DecideTimers(at).Changes, at) {
		return false
	}
	if w.gather.Due == 0 {
		w.gather.Due = due
	}
	return true
}

// Lapsed is the earliest timer that has run in memory and whose record is not in the log.
func (w *Writer) Lapsed() (due machine.Instant, ok bool) {
	if w.inflight != nil && w.inflight.Due != 0 {
		return w.inflight.Due, true
	}
	return w.gather.Due, w.gather.Due != 0
}

// apply encodes what was decided into the gathering record and only then applies it: all of it or, when the record is
// full, none.
func (w *Writer) apply(changes int, at machine.Instant) (fits bool) {
	p := w.gather
	e := &p.Append.Entry
	if p.Changes == 0 {
		e.At = at
	}
	w.body = w.m.AppendChanges(w.body[:0], e.At)
	if len(e.Body)+len(w.body) > bodyBytesSoft && p.Changes > 0 {
		return false
	}
	e.Body = append(e.Body, w.body...)
	p.Changes += changes
	w.m.Apply(p.Effects)
	return true
}

// answerAfter files an answer that changed nothing with the record it depends on: at once when that is durable (P7),
// else with the record in flight or gathering (P2: a refusal is told only after whatever it depended on is durable).
func (w *Writer) answerAfter(r *Request, depends machine.Seq) {
	switch {
	case depends <= w.durable:
		w.answers = append(w.answers, r)
	case w.inflight != nil && depends == w.inflight.Append.Entry.Seq:
		w.inflight.answers = append(w.inflight.answers, r)
	default:
		w.gather.answers = append(w.gather.answers, r)
	}
}

// Ready gives the append to send now, or nil. After it, the next record gathers. A record that the log has not decided
// on is given again, unchanged.
func (w *Writer) Ready() *Record {
	if w.status == stopped {
		return nil
	}
	if w.inflight != nil {
		if !w.resend {
			return nil
		}
		w.resend = false
		return w.inflight
	}
	if w.gather.Changes == 0 && !w.gather.release {
		return nil
	}
	p := w.gather
	w.seal(p)
	w.snapshot(p)
	w.inflight, w.gather, w.spare = p, w.spare, nil
	if w.gather == nil {
		w.gather = &Record{Effects: w.m.NewEffects()}
	}
	w.m.Begin(p.Append.Entry.Seq + 1)
	w.drainBacklog()
	return p
}

// seal completes the record: from here on its bytes never change, however often it is sent.
func (w *Writer) seal(p *Record) {
	e := &p.Append.Entry
	w.batches++
	e.Kind, e.Seq, e.Epoch, e.Writer, e.Prev = storage.EntryChanges, w.durable+1, w.epoch, w.id, w.hash
	if p.release {
		e.Kind = storage.EntryReleased
	}
	e.Batch = batchID(w.id, w.batches)
	p.Append.Section = w.key
	if w.seller != nil {
		p.Append.Sell, p.Append.Refund = w.seller.Tickets(p.Effects)
	}
	w.hash = storage.HashEntry(e)
	p.Hash = w.hash
}

// batchID is unique for ever: the writer's id is random per start of a process, the count within it dense.
func batchID(id storage.WriterID, count uint64) (b storage.BatchID) {
	copy(b[:8], id[:8])
	binary.BigEndian.PutUint64(b[8:], count)
	return b
}

// Advance takes the log's word on the append with that batch id. It returns the durable record (for the map), or nil.
// Words on other batches are late messages to an earlier life, and ignored.
//
// ErrUnknown and ErrUnavailable are no word on the append: the one may have been written, the other was not written by
// this sending, and says nothing of those before (S6). Both keep the memory and the record, and refuse what is new
// until the same bytes, sent again, are answered (P3). A store that is away for seconds thus costs its shards neither a
// claim nor a replay.
func (w *Writer) Advance(batch storage.BatchID, err error) *Record {
	if w.status == stopped || w.inflight == nil || w.inflight.Append.Entry.Batch != batch {
		return nil
	}
	switch {
	case err == nil:
		return w.landed()
	case Undecided(err):
		w.status, w.resend = unsure, true
		w.refuseBacklog(Unavailable)
		return nil
	default:
		w.Stop(Unavailable)
		return nil
	}
}

// Undecided says that an append must be sent again to learn what becomes of it.
func Undecided(err error) bool {
	return errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrUnavailable)
}

func (w *Writer) landed() *Record {
	p := w.inflight
	w.inflight, w.status, w.durable = nil, serving, p.Append.Entry.Seq
	w.durableAt = p.Append.Entry.At
	if p.release {
		w.released = true
	}
	w.answers = append(w.answers, p.answers...)
	if w.gather.Changes == 0 { // only refusals of what has just become durable wait there, if any
		w.answers = append(w.answers, w.gather.answers...)
		w.gather.reset()
	}
	return p
}

// Recycle gives a durable record's buffers back once its effects are published.
func (w *Writer) Recycle(p *Record) {
	p.reset()
	w.spare = p
}

// Stop ends the writer: everybody who waits is told err, which means "outcome unknown or not done: repeat with the same
// key".
func (w *Writer) Stop(err error) {
	w.status = stopped
	for _, p := range []*Record{w.inflight, w.gather} {
		if p == nil {
			continue
		}
		for _, r := range p.answers {
			w.refuse(r, err)
		}
		p.answers = nil
	}
	w.inflight = nil
	w.refuseBacklog(err)
}

func (w *Writer) refuse(r *Request, err error) {
	r.Err = err
	w.answers = append(w.answers, r)
}

func (w *Writer) refuseBacklog(err error) {
	for _, r := range w.backlog {
		w.refuse(r, err)
	}
	clear(w.backlog)
	w.backlog = w.backlog[:0]
}

// drainBacklog judges waiting requests in their order until the new record is full too.
func (w *Writer) drainBacklog() {
	n := 0
	for n < len(w.backlog) && w.judge(w.backlog[n]) {
		n++
	}
	rest := copy(w.backlog, w.backlog[n:])
	clear(w.backlog[rest:])
	w.backlog = w.backlog[:rest]
}

// Answers drains the answers that may be told now; the slice is valid until the next call of any method.
func (w *Writer) Answers() []*Request {
	out := w.answers
	w.answers = w.answers[:0]
	return out
}

// Holds says whether r waits inside the writer.
func (w *Writer) Holds(r *Request) bool {
	lists := [][]*Request{w.backlog, w.answers, w.gather.answers}
	if w.inflight != nil {
		lists = append(lists, w.inflight.answers)
	}
	for _, list := range lists {
		if slices.Contains(list, r) {
			return true
		}
	}
	return false
}
