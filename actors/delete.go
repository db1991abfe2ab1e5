package actors

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/actors/cancellation"
	"holdfast/actors/pseudonym"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// Deleting an event takes it from everybody's sight for ever; what was once sold and given back stays in its logs,
// which the audit goes on reading (P10). Nothing may be sold in it meanwhile or afterwards (P1, P2), whatever a node
// believes of the catalog, so the proof is not the switch but the logs, section by section, each judged by its one
// writer:
//
//	ask    would every seat that is not blocked be free to block?    a live hold or a ticket says no: ErrEventInUse, nothing was changed
//	close  the sale switch, for all nodes
//	shut   each section: every seat is blocked, in its log           no hold can begin in it any more, at whichever node
//	mark   storage.SaleDeleted and the key, in one write             other nodes hear within CatalogEvery
//
// A hold that came between asking and shutting wins: what was shut is opened again, and the switch is what it was. A
// call that is cut off leaves a closed event whose seats are blocked in part; its repeat goes on, and operators may
// unblock. Against an operator who unblocks in the same moment the closed switch stands alone, until the mark.
//
// Bookings that ended are still found by their ids, so that late money is given back (P6) and a repeat hears what it
// heard (P5).
//
// Rejected: rows removed from the logs, which would have the engine's role in the database rewrite history; a record
// that closes a section, which says nothing that a blocked seat does not say, in a form that earlier builds cannot
// read.

// DeleteEvent deletes an event without live holds and tickets, and tells it as it last was. A repeat under the same key
// finds it deleted.
//
// Errors: ErrEventUnknown (deleted before, too), ErrEventInUse, ErrMismatch, *Refusal (too many keys), ErrTimeout and
// ErrUnavailable (it may be half done: repeat with the same key), and the store's.
func (e *Engine) DeleteEvent(ctx context.Context, id storage.EventID, who Caller) (*storage.Event, error) {
	if first, err := e.deletedBy(ctx, id, who); first != nil || err != nil {
		return first, err
	}
	ev, err := e.shown(ctx, id)
	if err != nil {
		return nil, err
	}
	o, err := ev.open(ctx)
	if err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	d := deletion{e: e, id: id, o: o, was: ev.header.Load().Sale, opened: make([][]section.SeatIndex, len(o.sections))}
	if d.deadline, _ = ctx.Deadline(); d.deadline.IsZero() {
		d.deadline = e.clock.Now().Add(tellPatience)
	}
	if err := d.each(d.ask); err != nil {
		return nil, err
	}
	if !d.was.Off() {
		if _, err := e.SetSale(ctx, id, storage.SaleClosed); err != nil {
			return nil, err
		}
	}
	if err := d.each(d.shut); err != nil {
		return nil, errors.Join(err, d.undo(ctx, err))
	}
	gone, err := e.throwSwitch(ctx, id, who, onsale.Change{Sale: storage.SaleDeleted})
	if err == nil {
		e.spread()
	}
	return gone, err
}

// deletedBy finds what the same call has deleted before.
func (e *Engine) deletedBy(ctx context.Context, id storage.EventID, who Caller) (*storage.Event, error) {
	if who.Request == (section.RequestID{}) {
		return nil, nil
	}
	first, err := e.cfg.Store.OperatorKey(ctx, who.Request)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, errors.Join(ErrUnavailable, err)
	case !first.Same(e.operatorKey(id, who)):
		return nil, ErrMismatch
	}
	gone, err := e.cfg.Store.Event(ctx, id)
	if err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	return gone, nil
}

// deletion is one call of DeleteEvent on its way.
type deletion struct {
	e        *Engine
	id       storage.EventID
	o        *openEvent
	was      storage.SaleState
	deadline time.Time
	opened   [][]section.SeatIndex // by section: what this call has blocked
}

// each does one thing to every section, and tells that the event is in use before any other error.
func (d *deletion) each(do func(storage.SectionNo) error) error {
	failed := make([]error, len(d.o.sections))
	cancellation.Each(len(failed), func(no int) { failed[no] = do(storage.SectionNo(no)) })
	var first error
	for _, err := range failed {
		if errors.Is(err, ErrEventInUse) {
			return err
		}
		first = cmp.Or(first, err)
	}
	return first
}

// command has a section judge a blocking or unblocking of seats; a probe changes nothing.
func (d *deletion) command(
	kind section.CommandKind, no storage.SectionNo, seats []section.SeatIndex, probe bool,
) (section.Rejection, []section.SeatIndex, error) {
	r := request.New()
	r.Probe = probe
	r.Seats = append(r.Seats, seats...)
	r.Command = section.Command{Kind: kind, Seats: r.Seats, Operator: true}
	outcome, err := d.o.sections[no].outcome(r, d.deadline)
	if err != nil {
		return 0, nil, err
	}
	defer r.Free()
	return outcome.Rejection, append([]section.SeatIndex(nil), outcome.Lost...), nil
}

// unblocked lists a section's seats that are not blocked.
func (d *deletion) unblocked(no storage.SectionNo) ([]section.SeatIndex, error) {
	rejection, lost, err := d.command(section.UnblockSeats, no, d.seats(no), true)
	switch {
	case err != nil:
		return nil, err
	case rejection == section.Accepted:
		return nil, nil
	case rejection != section.SeatsNotFree:
		return nil, &Refusal{Code: rejection}
	}
	return lost, nil
}

func (d *deletion) seats(no storage.SectionNo) []section.SeatIndex {
	all := make([]section.SeatIndex, len(d.o.ids[no]))
	for i := range all {
		all[i] = section.SeatIndex(i)
	}
	return all
}

// ask says whether the section could be shut.
func (d *deletion) ask(no storage.SectionNo) error {
	seats, err := d.unblocked(no)
	if err != nil || len(seats) == 0 {
		return err
	}
	rejection, _, err := d.command(section.BlockSeats, no, seats, true)
	return inUse(rejection, err)
}

// shut blocks what is not blocked, and makes sure that all of it is, durably.
func (d *deletion) shut(no storage.SectionNo) error {
	seats, err := d.unblocked(no)
	if err != nil {
		return err
	}
	if len(seats) > 0 {
		rejection, _, err := d.command(section.BlockSeats, no, seats, false)
		if err := inUse(rejection, err); err != nil {
			return err
		}
		d.opened[no] = seats
	} else if rejection, _, err := d.command(section.BlockSeats, no, d.seats(no), false); err != nil || rejection != section.SeatsNotFree {
		return errors.Join(ErrUnavailable, err) // a refusal waits for the records that it depends on
	}
	left, err := d.unblocked(no)
	if err == nil && len(left) > 0 { // somebody unblocks meanwhile
		err = ErrUnavailable
	}
	return err
}

func inUse(rejection section.Rejection, err error) error {
	switch {
	case err != nil:
		return err
	case rejection == section.SeatsNotFree:
		return ErrEventInUse
	case rejection != section.Accepted:
		return &Refusal{Code: rejection}
	}
	return nil
}

// undo opens again what this call has shut, because somebody was faster. Whatever else went wrong is left as it is, for
// the repeat to go on.
func (d *deletion) undo(ctx context.Context, because error) error {
	if !errors.Is(because, ErrEventInUse) {
		return nil
	}
	err := d.each(func(no storage.SectionNo) error {
		if d.opened[no] == nil {
			return nil
		}
		_, _, err := d.command(section.UnblockSeats, no, d.opened[no], false)
		return err
	})
	if err == nil && !d.was.Off() {
		_, err = d.e.SetSale(ctx, d.id, d.was)
	}
	if err != nil {
		return errors.Join(ErrUnavailable, err)
	}
	return nil
}

// Buyers stand in an event's logs under pseudonyms that the event's key makes (P14). The key is beside the logs, in the
// store, and in the memory of every node that has been asked for one of the event's buyers:
//
//	create   key durable ─▶ event durable ─▶ announced       a crash in between leaves a key of no event, which a
//	                                                         repeat of the creation finds
//	use      header ─▶ the key in memory ─▶ pseudonym        the store is asked once a node and event
//	forget   mark and key, in the store ─▶ all nodes read the catalog ─▶ answered
//
// A node that does not hear in time reads the catalog within CatalogEvery. Until then it may know somebody by a
// pseudonym that was made before; it can make nothing durable by which others could.

// PseudonymKey makes the pseudonyms of an event's buyers; nil without an error: the event is of before there were keys.
// It asks the store only for the first buyer of the event on this node.
//
// Errors: ErrEventUnknown (a deleted event is known), ErrForgotten, ErrUnavailable.
func (e *Engine) PseudonymKey(id storage.EventID) (*pseudonym.Key, error) {
	if ev, known := (*e.catalog.Load())[id]; known {
		header := ev.header.Load()
		key, err := ev.key.Known(header)
		if key != nil || err != nil || header.Pseudonyms == storage.PseudonymsPlain {
			return key, err
		}
	}
	ctx, cancel := context.WithTimeout(e.ctx, catalogPatience)
	defer cancel()
	ev, err := e.find(ctx, id)
	if err != nil {
		return nil, err
	}
	key, err := ev.key.Load(ev.header.Load, func() (storage.EventKey, error) { return e.askKey(ctx, id) })
	if err != nil && !errors.Is(err, ErrForgotten) {
		err = errors.Join(ErrUnavailable, err)
	}
	return key, err
}

// askKey asks the store, and tells a key that was destroyed just now from one that should be there.
func (e *Engine) askKey(ctx context.Context, id storage.EventID) (storage.EventKey, error) {
	key, err := e.cfg.Store.EventKey(ctx, id)
	if !errors.Is(err, storage.ErrNotFound) {
		return key, err
	}
	header, err := e.cfg.Store.Event(ctx, id)
	switch {
	case err != nil:
		return key, err
	case header.Forgotten == nil:
		return key, fmt.Errorf("the key of event %v's pseudonyms is not in the store", id)
	}
	return key, ErrForgotten
}

// makeKey gives a new event its key. One that stands is of an earlier try of the same creation.
func (e *Engine) makeKey(ctx context.Context, made *storage.Event) error {
	err := e.cfg.Store.PutEventKey(ctx, made.ID, storage.NewEventKey())
	switch {
	case errors.Is(err, storage.ErrExists):
		return nil
	case writer.Undecided(err):
		return errors.Join(ErrUnavailable, err)
	}
	return err
}

// ForgetEvent destroys the event's key, once its sale is closed (or it is deleted), nobody has a hold or a payment
// under way, and the show has begun. It is for ever. Forgetting again is no error, under whatever key.
//
// Errors: ErrEventUnknown, pseudonym.ErrNotForgettable, *pseudonym.NotOverError, ErrMismatch, *Refusal (too many keys),
// ErrUnavailable (it may be done: repeat), and the store's.
func (e *Engine) ForgetEvent(
	ctx context.Context, id storage.EventID, who Caller, how pseudonym.Forgetting,
) (*storage.Event, error) {
	if _, err := e.find(ctx, id); err != nil {
		return nil, err
	}
	header, err := e.cfg.Store.Event(ctx, id) // what other nodes switched counts
	if err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	if err := how.Allowed(header, e.cfg.Clock()); err != nil {
		return nil, err
	}
	if header.Forgotten == nil && header.Sale != storage.SaleDeleted {
		if err := e.nobodyHolds(ctx, id); err != nil {
			return nil, err
		}
	}
	forgotten, err := e.forget(ctx, id, who, how.Reason)
	if err == nil {
		e.spread()
	}
	return forgotten, err
}

// nobodyHolds looks at the map: *pseudonym.NotOverError while a seat is held or being paid.
func (e *Engine) nobodyHolds(ctx context.Context, id storage.EventID) error {
	live, err := e.Live(ctx, id)
	if err != nil {
		return err
	}
	held := 0
	live.Read(func(_ storage.SectionNo, s SectionStatus) { held += bytes.Count(s.Letters, []byte{byte(section.Held)}) })
	if held > 0 {
		return &pseudonym.NotOverError{Why: fmt.Sprintf("%d seats are held or being paid", held)}
	}
	return nil
}

// forget writes the mark, and takes over what then stands.
func (e *Engine) forget(ctx context.Context, id storage.EventID, who Caller, reason string) (*storage.Event, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := e.operatorKey(id, who)
	err := e.cfg.Store.ForgetEvent(ctx, id, storage.Forgetting{At: key.At, Reason: reason}, key)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, ErrEventUnknown
	case errors.Is(err, storage.ErrOnSale):
		return nil, &pseudonym.NotOverError{Why: "its sale was opened meanwhile"}
	}
	if _, err := e.keyAnswer(key, err); err != nil {
		return nil, err
	}
	header, err := e.cfg.Store.Event(ctx, id)
	if err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	ev, err := e.event(id)
	if err != nil { // it may have been closed and stand there anew
		return nil, err
	}
	return e.takeHeader(ev, header), nil
}

// Contact data is kept in the store, beside the logs, and nowhere else: no memory, no log, no other node has it (P14).

// Contact is how a buyer is reached, by whatever names the buyer to a server. ErrNoContact, ErrUnavailable.
func (e *Engine) Contact(subject string, timeout time.Duration) (c storage.Contact, err error) {
	err = e.contactCall(timeout, func(ctx context.Context) error {
		c, err = e.cfg.Store.Contact(ctx, subject)
		return err
	})
	return c, err
}

// SetContact makes this a buyer's contact data, durably, in place of what there was, and tells it with its time.
// ErrTimeout, ErrUnavailable.
func (e *Engine) SetContact(subject string, c storage.Contact, timeout time.Duration) (storage.Contact, error) {
	c.At = e.cfg.Clock()
	return c, e.contactCall(timeout, func(ctx context.Context) error { return e.cfg.Store.PutContact(ctx, subject, c) })
}

// ForgetBuyer erases what is kept of a buyer beside the logs, durably; again is no error. What stands in events' logs
// stands there under pseudonyms, which end with their event: see ForgetEvent. ErrTimeout, ErrUnavailable.
func (e *Engine) ForgetBuyer(subject string, timeout time.Duration) error {
	return e.contactCall(timeout, func(ctx context.Context) error { return e.cfg.Store.ForgetContact(ctx, subject) })
}

func (e *Engine) contactCall(timeout time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(e.ctx, timeout)
	defer cancel()
	err := do(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrNotFound):
		return ErrNoContact
	case errors.Is(err, storage.ErrUnknown):
		return errors.Join(ErrTimeout, err)
	}
	return errors.Join(ErrUnavailable, err)
}
