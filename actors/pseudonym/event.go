package pseudonym

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Conditions of an event's key.
var (
	ErrForgotten = errors.New("actors: the event's buyers are forgotten")
	// ErrNotForgettable: the event is of an earlier build and has no key that could be destroyed.
	ErrNotForgettable = errors.New("actors: the event has no key")
	// ErrLater: the event's pseudonyms are of a kind that only later builds know.
	ErrLater = errors.New("actors: the event's pseudonyms are of a later build's kind")
)

// NotOverError says what stands in the way of forgetting: the sale, a hold, a payment, the show.
type NotOverError struct{ Why string }

func (e *NotOverError) Error() string { return "actors: the event is not over: " + e.Why }

// Forgetting is how an operator wants an event forgotten.
type Forgetting struct {
	Reason string
	// BeforeStart allows it although the show has not begun: nobody can look a ticket up here then.
	BeforeStart bool
}

// Allowed judges by the header alone whether an event's key may be destroyed at that moment: ErrNotForgettable,
// *NotOverError. What is destroyed already may be again.
func (f *Forgetting) Allowed(header *storage.Event, now section.Instant) error {
	switch {
	case header.Forgotten != nil:
		return nil
	case header.Pseudonyms == storage.PseudonymsPlain:
		return ErrNotForgettable
	case !header.Forgettable():
		return &NotOverError{fmt.Sprintf("its sale is %s", header.Sale)}
	case header.Sale != storage.SaleDeleted && header.StartsAt > now && !f.BeforeStart:
		return &NotOverError{"the show has not begun"}
	}
	return nil
}

// Cached is an event's key in a node's memory. Its methods are safe for concurrent use; the zero value has none.
type Cached struct {
	key  atomic.Pointer[Key] // nil: nobody asked yet, the event has none, or it is forgotten
	load sync.Mutex          // many buyers come at once, and one asks the store
}

// Known is the key of the event with that header, as far as memory knows: nil, nil is for Load to find out, unless the
// event has no key. ErrForgotten.
func (c *Cached) Known(header *storage.Event) (*Key, error) {
	if header.Forgotten != nil {
		return nil, ErrForgotten
	}
	return c.key.Load(), nil
}

// Load is Known, and asks for a key that nobody asked for yet. header is the event's as it stands at each call. Errors:
// ErrForgotten, ErrLater, and ask's own.
func (c *Cached) Load(header func() *storage.Event, ask func() (storage.EventKey, error)) (*Key, error) {
	c.load.Lock()
	defer c.load.Unlock()
	key, err := c.Known(header())
	switch version := header().Pseudonyms; {
	case key != nil || err != nil || version == storage.PseudonymsPlain:
		return key, err
	case version != storage.PseudonymsKeyed: // nobody is called by a wrong name
		return nil, fmt.Errorf("%w: version %d", ErrLater, version)
	}
	secret, err := ask()
	if err != nil {
		return nil, err
	}
	c.key.Store(New(secret))
	c.Changed(header())
	return c.Known(header())
}

// Changed lets go of the key of an event that is forgotten. It is to be called after each change of the header.
func (c *Cached) Changed(header *storage.Event) {
	if header.Forgotten != nil {
		c.key.Store(nil)
	}
}

// Empty says that no key is in memory.
func (c *Cached) Empty() bool { return c.key.Load() == nil }
