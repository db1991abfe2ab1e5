package ticketing

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/section"
	"holdfast/actors/section/entry"
	"holdfast/actors/ticket"
	"holdfast/storage"
)

// Scanned is what a scanner tells.
type Scanned struct {
	Code    string
	Scanner string          // see entry.SoundScanner
	At      section.Instant // by the scanner's clock; 0: now
	// Event is the only one whose tickets the scanner lets in; zero: any.
	Event storage.EventID
}

// Scan is what became of a scan.
type Scan struct {
	ID     string // of the ticket
	Code   ticket.Code
	Event  *Event
	Place  Place
	Pass   entry.Pass
	Repeat bool // it was told before
}

// Scan lets a ticket in, or says why not: what ticket.Open says, ErrOtherEvent, ErrNoSuch, ErrVoid, *AdmittedError, and
// the engine's own errors. A nil error says that the admission is durable, and this scan's or this key's.
func (d *Issuer) Scan(s Scanned, who Caller, timeout time.Duration) (*Scan, error) {
	deadline := time.Now().Add(timeout)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	return d.scan(ctx, &s, false, who, deadline)
}

func (d *Issuer) scan(ctx context.Context, s *Scanned, late bool, who Caller, deadline time.Time) (*Scan, error) {
	code, err := d.ring.Open(ctx, s.Code)
	if err != nil {
		return nil, err
	}
	out := &Scan{ID: code.ID(), Code: code}
	if s.Event != (storage.EventID{}) && s.Event != code.Booking.Section.Event {
		return out, ErrOtherEvent
	}
	who.Operator = true
	c := section.Command{Kind: section.AdmitTicket, Entry: &entry.Word{Ticket: code.Ticket, Rotation: code.Rotation,
		Offline: late, At: s.At, Scanner: s.Scanner}}
	answer, err := d.host.Ask(code.Booking, c, who, deadline)
	if err != nil {
		return out, err
	}
	return out, d.tell(out, &answer, deadline)
}

// tell words what the home has said.
func (d *Issuer) tell(out *Scan, answer *Answer, deadline time.Time) (err error) {
	switch answer.Rejection {
	case section.Accepted, section.AlreadyAdmitted:
	case section.TicketVoid:
		return ErrVoid
	case section.TicketUnknown:
		return ErrNoSuch
	default:
		return errors.New("ticketing: a scan is refused with " + answer.Rejection.String())
	}
	out.Pass, out.Repeat = passOf(answer.Passes, out.Code.Ticket), answer.Repeat
	if out.Event, err = d.host.Event(out.Code.Booking.Section.Event, deadline); err != nil {
		return err
	}
	if out.Place, err = placeOf(out.Event, out.Code.Booking, &answer.Outcome, out.Code.Ticket); err != nil {
		return err
	}
	if answer.Rejection == section.AlreadyAdmitted {
		return &AdmittedError{Scan: *out}
	}
	return nil
}

// Late is what became of one scan that a scanner made alone.
type Late struct {
	*Scan // nil where nothing is known of the ticket
	Err   error
}

// Conflict says that another scanner has let the ticket in too.
func (l *Late) Conflict() bool { return l.Scan != nil && len(l.Pass.Doubles) > 0 }

// lateAtOnce is how many of a list are asked about at a time: as many records fit into few writes.
const lateAtOnce = 16

// ScanLate takes what a scanner has let in without asking, and answers each in the same order. What was told before
// changes nothing, so a list whose answer was lost is sent again. Under a key each place in the list has one of its
// own. Errors of single ones stand in the answers: those of Scan, and ErrUnavailable and ErrTimeout of the engine,
// after which the list is to be sent again.
func (d *Issuer) ScanLate(list []Scanned, who Caller, timeout time.Duration) []Late {
	deadline := time.Now().Add(timeout)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	out := make([]Late, len(list))
	var all sync.WaitGroup
	places := make(chan struct{}, lateAtOnce)
	for i := range list {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			scan, err := d.scan(ctx, &list[i], true, placeIn(who, i, &list[i]), deadline)
			out[i] = Late{Scan: scan, Err: err}
		})
	}
	all.Wait()
	return out
}

// placeIn is the caller of one scan of a list.
func placeIn(who Caller, i int, s *Scanned) Caller {
	if who.Request == (section.RequestID{}) {
		return who
	}
	h := sha256.New()
	h.Write(who.Request[:])
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(i)))
	who.Request = section.RequestID(h.Sum(nil)[:len(who.Request)])
	h.Reset()
	for _, part := range []string{s.Code, s.Scanner} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write([]byte(part))
	}
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(s.At)))
	who.Fingerprint = binary.BigEndian.Uint64(h.Sum(nil))
	return who
}

// Reissue voids the code of a ticket, by its number in its booking, and gives the next one. ErrNotSold, ErrNoSuch,
// ErrVoid, *AdmittedError, and the engine's own.
func (d *Issuer) Reissue(id booking.ID, no int, who Caller, timeout time.Duration) (*Tickets, error) {
	deadline := time.Now().Add(timeout)
	asker := who
	before, err := d.Tickets(id, who, timeout)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(before.Tickets, func(t Ticket) bool { return t.No == no })
	switch {
	case at < 0:
		return nil, ErrNoSuch
	case before.Tickets[at].State == Transferred:
		return nil, &RefusedError{Code: section.NotHolder}
	}
	t := &before.Tickets[at]
	asker.Operator = true // the ticket was shown to the caller with its code: it is theirs
	answer, err := d.host.Ask(id, section.Command{Kind: section.ReissueTicket,
		Entry: &entry.Word{Ticket: t.Pass.Ticket, Rotation: t.Pass.Rotation}}, asker, deadline)
	if err != nil {
		return nil, err
	}
	switch answer.Rejection {
	case section.Accepted:
		return d.Tickets(id, who, time.Until(deadline))
	case section.AlreadyAdmitted:
		return nil, &AdmittedError{Scan{ID: t.ID, Event: before.Event, Place: t.Place,
			Pass: passOf(answer.Passes, t.Pass.Ticket)}}
	}
	return nil, ErrVoid
}
