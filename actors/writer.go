package actors

import (
	"encoding/binary"
	"errors"
	"slices"

	"holdfast/actors/section"
	"holdfast/storage"
)

// writerStatus says whether a Writer may judge. The transitions are all in Advance.
type writerStatus uint8

const (
	writerServing writerStatus = iota
	writerUnsure               // the log has not said what became of an append: it is re-sent until it does; everything else is refused
	writerStopped              // fenced, failed or given up: nothing it holds may be believed
)

// Writer is the single writer of one section's log, without goroutines, clocks or I/O: a shell submits requests, sends what
// Ready gives to the log, and reports the result to Advance. Answers leave through Answers, in an order that keeps P2: an answer
// is there only once the record it depends on is durable.
//
// Invariants:
//   - at most one append is in flight; while it is, the next one gathers;
//   - state = durable records + in-flight record + gathering record, so it is thrown away, never repaired, after an error (P3);
//   - an answer waits in the Pending whose record it depends on; no other way to reply exists.
type Writer struct {
	key    storage.SectionKey
	id     storage.WriterID
	state  *section.State
	status writerStatus
	epoch  section.Epoch

	durable   section.Seq     // newest record known to be in the log
	hash      storage.Hash    // of the newest record built (in flight, else durable)
	claimed   section.Instant // when this writer claimed: nothing it writes is older
	durableAt section.Instant // of the newest record known to be in the log
	batches   uint64          // appends made: makes batch ids unique under id
	gather    *Pending        // never nil
	inflight  *Pending        // nil: none
	resend    bool            // inflight must be sent again
	leaving   bool            // Release was called: nothing is judged any more
	released  bool            // and the log has it
	spare     *Pending        // recycled

	backlog []*Request // waiting for room: the gathering record is full
	answers []*Request // may be told now
	freed   []freedSeats
	expiry  section.Decision // scratch of what the writer itself asks the state
	body    []byte           // scratch of one request's encoded changes
	touched []section.SeatIndex

	sinceSnapshot int // changes since the last one
	snapshotAfter int // changes until the next one
}

// freedSeats says that a buyer's live seats shrank, or grew by what nobody had reserved, for the event's buyer ledger.
type freedSeats struct {
	buyer section.BuyerID
	seats uint32
	taken bool
}

// Pending is one record and everything that waits for it.
type Pending struct {
	Append  storage.Append
	Delta   Delta // Changes is reused after Recycle
	answers []*Request
	// Changes counts the changes in the record; 0 with waiting answers means nothing to write.
	Changes int
	hash    storage.Hash // the record's own, once it is sealed
	// Snapshot, when not nil, is the state after this record: to be saved once the record is durable.
	Snapshot *storage.Snapshot
	release  bool            // the record gives the section up
	lapsed   section.Instant // the earliest end among the holds whose lapse is in the record; 0: none is
}

func (p *Pending) reset() {
	p.Append.Entry.Body = p.Append.Entry.Body[:0]
	p.Append.Sell, p.Append.Refund = p.Append.Sell[:0], p.Append.Refund[:0]
	p.Delta.Changes = p.Delta.Changes[:0]
	clear(p.answers)
	p.answers, p.Changes, p.Snapshot, p.release, p.lapsed = p.answers[:0], 0, nil, false, 0
}

// expiryChangesMax bounds the expiries of one command, so that a wave of lapsing holds is cut into records that leave room for
// buyers: 1024 changes encode to about 8 KiB and take well under a millisecond.
const expiryChangesMax = 1024

// bodyBytesSoft closes a record early: a larger body buys no throughput (the sync dominates) and delays the answers in it.
const bodyBytesSoft = storage.BodyBytesMax - 1024

var errBodyFull = errors.New("actors: record full")

// NewWriter starts a writer at the tail left by its own claim; state holds everything up to tail.
func NewWriter(key storage.SectionKey, id storage.WriterID, tail storage.Tail, state *section.State) *Writer {
	w := &Writer{key: key, id: id, state: state, epoch: tail.Epoch, durable: tail.Seq, hash: tail.Hash, claimed: tail.At, durableAt: tail.At}
	w.gather, w.spare = &Pending{}, &Pending{}
	state.Begin(tail.Seq + 1)
	state.NumberAbove(section.NumbersFrom(tail.At))
	w.sinceSnapshot = 1 // the claim itself: a fresh log leaves a snapshot behind at its first quiet end
	return w
}

// Epoch is the fencing token that every append carries.
func (w *Writer) Epoch() section.Epoch { return w.epoch }

// Durable is the newest record known to be in the log.
func (w *Writer) Durable() section.Seq { return w.durable }

// State is for reading only, by the goroutine that drives the writer.
func (w *Writer) State() *section.State { return w.state }

// Stopped says that the writer must be thrown away.
func (w *Writer) Stopped() bool { return w.status == writerStopped }

// Idle says that nothing is in flight, gathering or waiting.
func (w *Writer) Idle() bool {
	return w.inflight == nil && w.gather.Changes == 0 && !w.gather.release && len(w.backlog) == 0
}

// Submit takes one request. r.Command.At is raised to the newest instant judged, so that time never goes back.
func (w *Writer) Submit(r *Request) {
	if w.status != writerServing || w.leaving && !planted(plantPastRelease) {
		w.refuse(r, ErrUnavailable)
		return
	}
	if len(w.backlog) > 0 || !w.judge(r) {
		w.backlog = append(w.backlog, r)
	}
}

// judge decides and applies one request; false means that the gathering record has no room for it.
func (w *Writer) judge(r *Request) bool {
	at := max(r.Command.At, w.state.LastAt(), w.claimed)
	if !w.expire(at) {
		return false
	}
	if r.read {
		w.lookup(r)
		return true
	}
	r.Command.At = at
	d := &r.Decision
	w.state.Decide(&r.Command, d)
	w.plantedVerdict(r)
	if len(d.Changes) == 0 {
		w.answerAfter(r, d.Outcome.DependsOn)
		return true
	}
	if r.probe {
		w.state.Lookup(r.Command.Booking, &w.expiry) // what would be accepted depends on the booking as it stands
		w.answerAfter(r, w.expiry.Outcome.DependsOn)
		return true
	}
	if w.apply(d.Changes, at) != nil {
		return false
	}
	if planted(plantAnswerEarly) {
		w.answers = append(w.answers, r)
		return true
	}
	w.count(r)
	w.gather.answers = append(w.gather.answers, r)
	return true
}

// count has the event's buyer ledger hear of a hold whose seats nobody reserved there: its request came from another node, or as a repeat of one that
// no section had met. From here on they are live seats of this memory, and are taken back with it.
func (w *Writer) count(r *Request) {
	if c := &r.Decision.Changes[0]; r.reserved == 0 && c.Kind == section.HoldPlaced {
		r.reserved = uint32(len(c.Seats))
		w.freed = append(w.freed, freedSeats{c.Buyer, r.reserved, true})
	}
}

// lookup answers a read; it waits like any answer for what it saw to be durable.
func (w *Writer) lookup(r *Request) {
	owner, ok := w.state.Owner(r.Command.Booking)
	if !ok || (owner != r.Command.Buyer && !r.Command.Operator) || !w.state.Lookup(r.Command.Booking, &r.Decision) {
		r.Decision.Outcome.Rejection = section.BookingUnknown
		w.answers = append(w.answers, r)
		return
	}
	w.answerAfter(r, r.Decision.Outcome.DependsOn)
}

// ExpireDue ends the holds whose time has come by now. False means that it must be called again after the record in flight has
// landed: there is no room now, or its outcome is unknown.
func (w *Writer) ExpireDue(now section.Instant) bool {
	return !w.leaving && w.status == writerServing && len(w.backlog) == 0 && w.expire(max(now, w.state.LastAt(), w.claimed))
}

// expire runs before every command, so that no answer ever depends on how late a timer is (P4). A wave longer than
// expiryChangesMax goes on with the next command or tick; the core checks ends itself meanwhile.
func (w *Writer) expire(at section.Instant) bool {
	end, ok := w.state.NextExpiry()
	if !ok || end > at {
		return true
	}
	c := section.Command{Kind: section.ExpireHolds, Max: expiryChangesMax, At: at, Operator: true}
	w.state.Decide(&c, &w.expiry)
	if w.apply(w.expiry.Changes, at) != nil {
		return false
	}
	if w.gather.lapsed == 0 {
		w.gather.lapsed = end
	}
	return true
}

// Lapsed is the earliest end of a hold that has lapsed in memory and not yet in the log.
func (w *Writer) Lapsed() (end section.Instant, ok bool) {
	if w.inflight != nil && w.inflight.lapsed != 0 {
		return w.inflight.lapsed, true
	}
	return w.gather.lapsed, w.gather.lapsed != 0
}

// apply encodes the changes into the gathering record and only then applies them: all of them or, when the record is full, none.
func (w *Writer) apply(changes []section.Change, at section.Instant) error {
	p := w.gather
	e := &p.Append.Entry
	if p.Changes == 0 {
		e.At = at
	}
	w.body = w.body[:0]
	for i := range changes {
		w.body = storage.AppendChange(w.body, e.At, &changes[i])
	}
	if len(e.Body)+len(w.body) > bodyBytesSoft && p.Changes > 0 {
		return errBodyFull
	}
	e.Body = append(e.Body, w.body...)
	for i := range changes {
		w.applyOne(&changes[i])
	}
	return nil
}

func (w *Writer) applyOne(c *section.Change) {
	w.plantedChange(c)
	owner, known := section.BuyerID{}, false
	if frees(c.Kind) {
		owner, known = w.state.Owner(c.Booking)
	}
	w.touched = w.state.Apply(c, w.touched[:0])
	p := w.gather
	p.Changes++
	if known {
		w.freed = append(w.freed, freedSeats{owner, uint32(len(w.touched)), false})
	}
	for _, seat := range w.touched {
		p.Delta.Changes = append(p.Delta.Changes, SeatChange{Seat: seat, Letter: w.state.Status(seat)})
		switch c.Kind {
		case section.BookingSold:
			if planted(plantNoTickets) {
				continue
			}
			p.Append.Sell = append(p.Append.Sell, storage.TicketRow{Seat: seat, Booking: c.Booking})
		case section.BookingRefundedChange:
			p.refund(seat)
		}
	}
	w.plantedApplied(c)
}

// refund takes a seat out of the tickets table. A sale and its refund in one record leave nothing to insert: the store deletes
// first and inserts then, so naming both would leave the row of a seat that is free.
func (p *Pending) refund(seat section.SeatIndex) {
	sold := slices.IndexFunc(p.Append.Sell, func(row storage.TicketRow) bool { return row.Seat == seat })
	if sold < 0 {
		p.Append.Refund = append(p.Append.Refund, seat)
		return
	}
	p.Append.Sell = slices.Delete(p.Append.Sell, sold, sold+1)
}

func frees(k section.ChangeKind) bool {
	return k == section.HoldReleased || k == section.HoldExpired || k == section.BookingRefundedChange
}

// answerAfter files an answer that changed nothing with the record it depends on: at once when that is durable (P7), else with the
// record in flight or gathering (P2: a refusal is told only after whatever it depended on is durable).
func (w *Writer) answerAfter(r *Request, depends section.Seq) {
	switch {
	case depends <= w.durable || planted(plantRefuseEarly):
		w.answers = append(w.answers, r)
	case w.inflight != nil && depends == w.inflight.Append.Entry.Seq:
		w.inflight.answers = append(w.inflight.answers, r)
	default:
		w.gather.answers = append(w.gather.answers, r)
	}
}

// Ready gives the append to send now, or nil. After it, the next record gathers. A record that the log has not decided on is given
// again, unchanged.
func (w *Writer) Ready() *Pending {
	if w.status == writerStopped {
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
		w.gather = &Pending{}
	}
	w.state.Begin(p.Append.Entry.Seq + 1)
	w.drainBacklog()
	return p
}

// seal completes the record: from here on its bytes never change, however often it is sent.
func (w *Writer) seal(p *Pending) {
	e := &p.Append.Entry
	w.batches++
	e.Kind, e.Seq, e.Epoch, e.Writer, e.Prev = storage.EntryChanges, w.durable+1, w.epoch, w.id, w.hash
	if p.release {
		e.Kind = storage.EntryReleased
	}
	e.Batch = batchID(w.id, w.batches)
	p.Append.Section = w.key
	p.Delta.Section, p.Delta.Seq = w.key.Section, e.Seq
	w.hash = storage.HashEntry(e)
	p.hash = w.hash
}

// snapshotChangesMin is how many changes a section replays at most, beyond what its size costs anyway: replay runs at about a
// million changes a second, so this is some 20 ms.
const snapshotChangesMin = 20_000

// snapshotBytesPerChange makes the distance between snapshots grow with their size, so that writing them stays a constant
// share of writing the log: a snapshot of n bytes is followed by at least n/snapshotBytesPerChange changes.
const snapshotBytesPerChange = 64

// snapshot takes the state exactly at p's record: after sealing it, before the next one gathers anything.
func (w *Writer) snapshot(p *Pending) {
	w.sinceSnapshot += p.Changes
	if w.sinceSnapshot < max(w.snapshotAfter, snapshotChangesMin) {
		return
	}
	p.Snapshot = &storage.Snapshot{Seq: p.Append.Entry.Seq, Epoch: w.epoch, Hash: w.hash, Body: w.state.AppendSnapshot(nil)}
	w.sinceSnapshot, w.snapshotAfter = 0, len(p.Snapshot.Body)/snapshotBytesPerChange
}

// LastSnapshot is for a quiet writer that is about to leave: nil unless Idle and worth it.
func (w *Writer) LastSnapshot() *storage.Snapshot {
	if w.status != writerServing || !w.Idle() || w.sinceSnapshot == 0 {
		return nil
	}
	return &storage.Snapshot{Seq: w.durable, Epoch: w.epoch, Hash: w.hash, Body: w.state.AppendSnapshot(nil)}
}

// batchID is unique for ever: the writer's id is random per incarnation, the count within it dense.
func batchID(id storage.WriterID, count uint64) (b storage.BatchID) {
	copy(b[:8], id[:8])
	binary.BigEndian.PutUint64(b[8:], count)
	return b
}

// Advance takes the log's word on the append with that batch id. It returns the durable record (for the map), or nil. Words on
// other batches are late messages to an earlier incarnation, and ignored.
//
// ErrUnknown and ErrUnavailable are no word on the append: the one may have been written, the other was not written by this sending, and says
// nothing of those before (S6). Both keep the memory and the record, and refuse what is new until the same bytes, sent again, are
// answered (P3). A store that is away for seconds thus costs its sections neither a claim nor a replay.
func (w *Writer) Advance(batch storage.BatchID, err error) *Pending {
	if w.status == writerStopped || w.inflight == nil || w.inflight.Append.Entry.Batch != batch {
		return nil
	}
	handled, err := w.plantedOutcome(err)
	if handled {
		return nil
	}
	switch {
	case err == nil:
		return w.landed()
	case undecided(err):
		w.status, w.resend = writerUnsure, true
		w.refuseBacklog(ErrUnavailable)
		return nil
	default:
		w.Stop(ErrUnavailable)
		return nil
	}
}

// undecided says that the append must be sent again to learn what becomes of it.
func undecided(err error) bool {
	return errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrUnavailable)
}

func (w *Writer) landed() *Pending {
	p := w.inflight
	w.inflight, w.status, w.durable = nil, writerServing, p.Append.Entry.Seq
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

// Recycle gives a durable record's buffers back once its delta is published.
func (w *Writer) Recycle(p *Pending) {
	p.reset()
	w.spare = p
}

// Stop ends the writer: everybody who waits is told err, which means "outcome unknown or not done: repeat with the same key".
func (w *Writer) Stop(err error) {
	w.status = writerStopped
	for _, p := range []*Pending{w.inflight, w.gather} {
		if p == nil {
			continue
		}
		for _, r := range p.answers {
			if len(r.Decision.Changes) > 0 {
				r.reserved = 0 // became live seats of this memory, which its owner takes back as a whole
			}
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

// Freed drains what the buyer ledger has to hear of what was applied.
func (w *Writer) Freed() []freedSeats {
	out := w.freed
	w.freed = w.freed[:0]
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
