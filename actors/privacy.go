package actors

import (
	"context"
	"errors"
	"fmt"

	"holdfast/actors/pseudonym"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Buyers stand in an event's logs under pseudonyms that the event's key makes (P14). The key is beside the logs, in the
// store, and in the memory of every node that has been asked for one of the event's buyers:
//
//	create   key durable ─▶ event durable ─▶ announced         a crash in between leaves a key of no event, which a
//	                                                           repeat of the creation finds
//	use      header ─▶ the key in memory ─▶ pseudonym          the store is asked once a node and event
//	forget   mark and key, in the store ─▶ all nodes read the catalog ─▶ answered
//
// A node that does not hear in time reads the catalog within CatalogEvery. Until then it may know somebody by a
// pseudonym that it made before; it can make nothing durable by which others could.

// Conditions of forgetting.
var (
	ErrForgotten = errors.New("actors: the event's buyers are forgotten")
	// ErrNotForgettable: the event is of an earlier build and has no key that could be destroyed.
	ErrNotForgettable = errors.New("actors: the event has no key")
)

// NotOverError says what stands in the way of forgetting: the sale, a hold, a payment, the show.
type NotOverError struct{ Why string }

func (e *NotOverError) Error() string { return "actors: the event is not over: " + e.Why }

// PseudonymKey makes the pseudonyms of an event's buyers; nil without an error: the event is of before there were keys.
// It asks the store only for the first buyer of the event on this node.
//
// Errors: ErrEventUnknown (a deleted event is known), ErrForgotten, ErrUnavailable.
func (e *Engine) PseudonymKey(id storage.EventID) (*pseudonym.Key, error) {
	ev, known := (*e.catalog.Load())[id]
	if known {
		if key, err := ev.pseudonyms(); key != nil || err != nil {
			return key, err
		}
		if ev.header.Load().Pseudonyms == storage.PseudonymsPlain {
			return nil, nil
		}
	}
	return e.findPseudonyms(id)
}

// pseudonyms is the key, if it is in memory.
func (ev *event) pseudonyms() (*pseudonym.Key, error) {
	if ev.header.Load().Forgotten != nil {
		return nil, ErrForgotten
	}
	return ev.key.Load(), nil
}

func (e *Engine) findPseudonyms(id storage.EventID) (*pseudonym.Key, error) {
	ctx, cancel := context.WithTimeout(e.ctx, catalogPatience)
	defer cancel()
	ev, err := e.find(ctx, id)
	if err != nil {
		return nil, err
	}
	switch header := ev.header.Load(); {
	case header.Forgotten != nil:
		return nil, ErrForgotten
	case header.Pseudonyms == storage.PseudonymsPlain:
		return nil, nil
	case header.Pseudonyms != storage.PseudonymsKeyed: // a later build's: nobody is called by a wrong name
		return nil, fmt.Errorf("%w: pseudonyms of version %d", ErrUnavailable, header.Pseudonyms)
	}
	ev.keying.Lock() // many buyers come at once, and one asks
	defer ev.keying.Unlock()
	if key, err := ev.pseudonyms(); key != nil || err != nil {
		return key, err
	}
	secret, err := e.cfg.Store.EventKey(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, e.keyMissing(ctx, ev)
	}
	if err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	ev.key.Store(pseudonym.New(secret))
	ev.dropKey()
	return ev.pseudonyms()
}

// keyMissing tells a key that was destroyed just now from one that should be there.
func (e *Engine) keyMissing(ctx context.Context, ev *event) error {
	header, err := e.cfg.Store.Event(ctx, ev.header.Load().ID)
	switch {
	case err != nil:
		return errors.Join(ErrUnavailable, err)
	case header.Forgotten == nil:
		return fmt.Errorf("%w: the key of event %v's pseudonyms is not in the store", ErrUnavailable, header.ID)
	}
	return ErrForgotten
}

// setHeader has the event stand as the store has it.
func (ev *event) setHeader(header *storage.Event) {
	ev.header.Store(header)
	ev.dropKey()
}

// dropKey lets go of the key of an event that is forgotten.
func (ev *event) dropKey() {
	if ev.header.Load().Forgotten != nil {
		ev.key.Store(nil)
	}
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

// Forgetting is what an operator says to it.
type Forgetting struct {
	Reason string
	// BeforeStart allows it although the show has not begun: nobody can show a ticket on this server's pages then.
	BeforeStart bool
}

// ForgetEvent destroys the event's key, once its sale is closed (or it is deleted), nobody has a hold or a payment
// under way, and the show has begun. It is for ever. Forgetting again is no error, under whatever key.
//
// Errors: ErrEventUnknown, ErrNotForgettable, *NotOverError, ErrMismatch, *Refusal (too many keys), ErrUnavailable (it may
// be done: repeat), and the store's.
func (e *Engine) ForgetEvent(
	ctx context.Context, id storage.EventID, who Caller, how Forgetting,
) (*storage.Event, error) {
	ev, err := e.find(ctx, id)
	if err != nil {
		return nil, err
	}
	header, err := e.cfg.Store.Event(ctx, id) // what other nodes switched counts
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, ErrEventUnknown
	case err != nil:
		return nil, errors.Join(ErrUnavailable, err)
	}
	if err := e.forgettable(ctx, ev, header, how); err != nil {
		return nil, err
	}
	forgotten, err := e.forget(ctx, id, who, how.Reason)
	if err == nil {
		e.spread()
	}
	return forgotten, err
}

func (e *Engine) forgettable(ctx context.Context, ev *event, header *storage.Event, how Forgetting) error {
	if err := Forgettable(header, e.cfg.Clock(), how); err != nil {
		return err
	}
	if header.Forgotten != nil || header.Sale == storage.SaleDeleted {
		return nil
	}
	live, err := e.Live(ctx, header.ID)
	if err != nil {
		return err
	}
	held := 0
	live.Read(func(_ storage.SectionNo, s SectionStatus) {
		for _, letter := range s.Letters {
			if letter == byte(section.Held) {
				held++
			}
		}
	})
	if held > 0 {
		return &NotOverError{fmt.Sprintf("%d seats are held or being paid", held)}
	}
	return nil
}

// Forgettable judges by the header alone whether an event's key may be destroyed at that moment, for whoever has no
// engine. ErrNotForgettable, *NotOverError.
func Forgettable(header *storage.Event, now section.Instant, how Forgetting) error {
	switch {
	case header.Forgotten != nil:
		return nil
	case header.Pseudonyms == storage.PseudonymsPlain:
		return ErrNotForgettable
	case !header.Forgettable():
		return &NotOverError{"its sale is " + string(header.Sale)}
	case header.Sale != storage.SaleDeleted && header.StartsAt > now && !how.BeforeStart:
		return &NotOverError{"the show has not begun"}
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
		return nil, &NotOverError{"its sale was opened meanwhile"}
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
