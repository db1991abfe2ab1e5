//go:build planted

package actors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"holdfast/actors/section"
	"holdfast/storage"
)

// firstBuyersBug is beyond those of plant.go.
const firstBuyersBug plantedBug = 1 << 24

// Bugs that buyers meet on a healthy store. Those of some requests strike one request in sixteen: see struck.
const (
	plantDoubleGrant  plantedBug = firstBuyersBug << iota // some holds are forgotten in memory once placed: their seats are granted to whoever asks next (P1)
	plantDropHold                                         // some holds are told and neither written nor kept (P2)
	plantEarlyLapse                                       // holds lapse after half their time (P4)
	plantRepeatAnew                                       // a repeat of a hold's request is judged as if it were new (P5)
	plantFalseSoldOut                                     // some wishes for the best seats are refused whatever is free (P11)
	plantPhantom                                          // some holds are told as refused, and written all the same
)

// activeBugs is set before a run, by Plant or by a test, and by nothing else.
var activeBugs plantedBug

func planted(b plantedBug) bool { return activeBugs&b != 0 }

// plantedLieStands says that a section may lie about what is free: the search takes its word.
func plantedLieStands() bool { return planted(plantFalseSoldOut) }

// plantNames are what Plant knows.
var plantNames = []struct {
	name string
	bug  plantedBug
}{
	{"answer-early", plantAnswerEarly},
	{"refuse-early", plantRefuseEarly},
	{"past-fence", plantPastFence},
	{"ignore-fence", plantPastFence},
	{"reclaim-without-rule", plantReclaim},
	{"no-tickets", plantNoTickets},
	{"unknown-is-done", plantUnknownIsDone},
	{"unknown-is-failed", plantUnknownIsFailed},
	{"resend-is-word", plantResendIsWord},
	{"forget-requests", plantForgetRequests},
	{"forget-seen", plantForgetSeen},
	{"double-grant", plantDoubleGrant},
	{"drop-hold", plantDropHold},
	{"early-lapse", plantEarlyLapse},
	{"repeat-anew", plantRepeatAnew},
	{"false-sold-out", plantFalseSoldOut},
	{"phantom", plantPhantom},
}

// Plant gives every engine of this process the bugs named, separated by commas; none for an empty text. It must be
// called before an engine is opened. A name that is not known is an error that lists those that are, and changes
// nothing. Only builds with the tag "planted" have it.
func Plant(names string) error {
	var bugs plantedBug
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		bug := bugNamed(name)
		if bug == 0 {
			return fmt.Errorf("actors: there is no bug %q to plant; there are%s", name, allPlantNames())
		}
		bugs |= bug
	}
	activeBugs = bugs
	return nil
}

func bugNamed(name string) plantedBug {
	for _, known := range plantNames {
		if known.name == name {
			return known.bug
		}
	}
	return 0
}

func allPlantNames() (list string) {
	for _, known := range plantNames {
		list += " " + known.name
	}
	return list
}

// plantedOutcome is Advance with the judgement of outcomes broken; handled says that nothing is left to do.
func (w *Writer) plantedOutcome(err error) (handled bool, word error) {
	var fenced *storage.FencedError
	switch {
	case planted(plantPastFence) && errors.As(err, &fenced):
		w.durable, w.hash, w.epoch = fenced.Tail.Seq, fenced.Tail.Hash, fenced.Tail.Epoch
		w.state.Begin(max(w.state.Seq(), w.durable+2))
		w.seal(w.inflight)
		w.resend = true
		return true, nil
	case planted(plantUnknownIsDone) && errors.Is(err, storage.ErrUnknown):
		return false, nil
	case planted(plantUnknownIsFailed) && errors.Is(err, storage.ErrUnknown),
		planted(plantResendIsWord) && errors.Is(err, storage.ErrUnavailable):
		w.status = writerServing
		for _, r := range w.inflight.answers {
			w.refuse(r, ErrUnavailable)
		}
		w.hash = w.inflight.Append.Entry.Prev
		w.inflight = nil
		return true, nil
	}
	return false, err
}

// struck chooses one request in sixteen for a bug, by its name alone: the same run strikes the same requests, repeats
// of a struck one are struck too, and two bugs strike different ones.
func struck(bug plantedBug, id section.RequestID) bool {
	x := binary.LittleEndian.Uint64(id[:]) ^ binary.LittleEndian.Uint64(id[8:]) ^ uint64(bug)<<32
	x *= 0x9e3779b97f4a7c15
	x ^= x >> 29
	return x*0xbf58476d1ce4e5b9>>60 == 0
}

// strikes says that the bug is planted and strikes the request.
func strikes(bug plantedBug, id section.RequestID) bool { return planted(bug) && struck(bug, id) }

// plantedVerdict spoils what the core decided, before anybody acts on it.
func (w *Writer) plantedVerdict(r *Request) {
	d := &r.Decision
	o := &d.Outcome
	if planted(plantRepeatAnew) && o.Repeat && (r.Command.Kind == section.PlaceHold || r.Command.Kind == section.PlaceBest) {
		w.judgeAnew(r)
	}
	if len(d.Changes) != 1 || d.Changes[0].Kind != section.HoldPlaced {
		return
	}
	id := r.Command.Request
	switch {
	case strikes(plantDropHold, id):
		d.Changes = d.Changes[:0]
	case strikes(plantFalseSoldOut, id) && r.Command.Kind == section.PlaceBest:
		d.Changes = d.Changes[:0]
		*o = section.Outcome{Rejection: section.SoldOut, Lost: o.Lost[:0], Seats: o.Seats[:0]}
	case strikes(plantPhantom, id):
		o.Rejection = section.SeatTaken
		o.Lost = append(o.Lost[:0], o.Seats...)
	}
}

// judgeAnew decides a remembered request as one that was never met.
func (w *Writer) judgeAnew(r *Request) {
	stranger := r.Command
	stranger.Request = section.RequestID{}
	w.state.Decide(&stranger, &r.Decision)
	for i := range r.Decision.Changes {
		r.Decision.Changes[i].Request = r.Command.Request
	}
}

// plantedChange spoils a change between its encoding and its memory: the log and the buyer know one thing, the writer
// another.
func (w *Writer) plantedChange(c *section.Change) {
	if planted(plantEarlyLapse) && c.Kind == section.HoldPlaced {
		c.ExpiresAt = c.At + (c.ExpiresAt-c.At)/2
	}
}

// plantedApplied forgets a hold that was just placed: its booking is released in memory, and nobody is told, neither
// the log nor its buyer.
func (w *Writer) plantedApplied(c *section.Change) {
	if c.Kind != section.HoldPlaced || !strikes(plantDoubleGrant, c.Request) {
		return
	}
	w.touched = w.state.Apply(&section.Change{Kind: section.HoldReleased, At: c.At, Booking: c.Booking}, w.touched[:0])
	w.freed = append(w.freed, freedSeats{c.Buyer, uint32(len(w.touched)), false})
	for _, seat := range w.touched {
		w.gather.Delta.Changes = append(w.gather.Delta.Changes, SeatChange{Seat: seat, Letter: section.Available})
	}
}

// plantedGhost judges a request that is turned away, behind the back of whoever sent it.
func (a *sectionActor) plantedGhost(r *Request) {
	if !planted(plantGhosts) {
		return
	}
	ghost := &Request{Command: r.Command, read: r.read, probe: r.probe, told: func(*Request) {}}
	ghost.Command.Seats = slices.Clone(r.Command.Seats)
	ghost.Command.At, _ = a.host.engine.stamp()
	a.inc.inflight.Add(1)
	a.w.Submit(ghost)
}
