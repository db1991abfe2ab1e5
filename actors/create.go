package actors

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"maps"

	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// CreateEvent stores a new event. A repeat of the same e.Create finds the first one, whichever node made it and
// whatever became of the first answer; with another fingerprint it is ErrMismatch.
//
// Errors: ErrMismatch, ErrEventDeleted, ErrUnavailable (it may be there: repeat with the same key), and the store's.
func (e *Engine) CreateEvent(ctx context.Context, header *storage.Event, v *venue.Venue) (*storage.Event, error) {
	made, err := e.createEvent(ctx, header, v)
	if err == nil {
		e.spread()
	}
	return made, err
}

func (e *Engine) createEvent(ctx context.Context, header *storage.Event, v *venue.Venue) (*storage.Event, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if id, ok := e.creates[header.Create]; ok && header.Create != (section.RequestID{}) {
		return repeatedCreate((*e.catalog.Load())[id].header.Load(), header)
	}
	if err := e.meetKey(ctx, header); err != nil {
		return nil, err
	}
	made := e.drawUp(header, v)
	switch err := e.cfg.Store.CreateEvent(ctx, made, v.Encode()); {
	case errors.Is(err, storage.ErrExists):
		return e.foundCreated(ctx, made)
	case writer.Undecided(err):
		return nil, errors.Join(ErrUnavailable, err)
	case err != nil:
		return nil, err
	}
	ev := e.enlist(made)
	if made.Sale == storage.SaleOpen && !e.cfg.Offline {
		e.warm(ev)
	}
	return made, nil
}

// meetKey refuses a creation whose key was used for another call. The key is remembered before the event is there:
// should that be left undone, the same creation may come again, and no other call has the key.
func (e *Engine) meetKey(ctx context.Context, wanted *storage.Event) error {
	_, err := e.remember(
		ctx,
		e.operatorKey(createdID(wanted.Create), Caller{Request: wanted.Create, Fingerprint: wanted.CreateFingerprint}),
	)
	return err
}

// drawUp fills in what only the engine knows of a new event.
func (e *Engine) drawUp(header *storage.Event, v *venue.Venue) *storage.Event {
	made := *header
	made.ID = createdID(header.Create)
	made.CreatedAt = e.cfg.Clock()
	made.Sale = cmp.Or(made.Sale, storage.SaleClosed)
	made.Sections = nil
	for _, s := range v.Sections {
		n := 0
		for _, row := range s.Rows {
			n += len(row.Seats)
		}
		made.Sections = append(
			made.Sections, storage.SectionInfo{ID: s.ID, Name: s.PlanName(), Seats: uint32(n), PartOf: s.SplitOf},
		)
	}
	return &made
}

// createdID makes an event's id from its creation's key, so that the store itself refuses a second event of one key:
// the first may be another node's, or one whose answer was lost (P5). Without a key it is random. It has a UUID's form,
// version 8.
func createdID(create section.RequestID) storage.EventID {
	if create == (section.RequestID{}) {
		return storage.NewEventID()
	}
	sum := sha256.Sum256(append([]byte("event created by "), create[:]...))
	id := storage.EventID(sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// foundCreated answers a creation whose event is in the store already.
func (e *Engine) foundCreated(ctx context.Context, made *storage.Event) (*storage.Event, error) {
	first, err := e.cfg.Store.Event(ctx, made.ID)
	if err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	e.enlist(first)
	return repeatedCreate(first, made)
}

// repeatedCreate tells a creation's repeat what became of its event.
func repeatedCreate(first, again *storage.Event) (*storage.Event, error) {
	if first.CreateFingerprint == again.CreateFingerprint && first.Sale == storage.SaleDeleted {
		return nil, ErrEventDeleted
	}
	if first.CreateFingerprint != again.CreateFingerprint {
		return nil, ErrMismatch
	}
	return first, nil
}

// enlist adds an event to the catalog. The caller holds mu.
func (e *Engine) enlist(header *storage.Event) *event {
	ev := e.newEvent(header)
	all := maps.Clone(*e.catalog.Load())
	all[header.ID] = ev
	e.catalog.Store(&all)
	e.shelf.Store(e.shelf.Load().With(header))
	e.rememberCreate(header)
	return ev
}
