package catalog

import (
	"context"
	"time"

	"holdfast/actors"
	"holdfast/actors/pseudonym"
	"holdfast/actors/venue"
	"holdfast/api/document"
	"holdfast/storage"
)

// Engine is what this room asks of the engine.
type Engine interface {
	// CreateEvent fills in ID, CreatedAt and Sections; a repeat of e.Create returns the first.
	CreateEvent(ctx context.Context, e *storage.Event, v *venue.Venue) (*storage.Event, error)
	// SetSaleOnce turns the sale switch; a repeat of who's key changes nothing and tells the event as it stands.
	SetSaleOnce(ctx context.Context, id storage.EventID, who actors.Caller, s storage.SaleState) (*storage.Event, error)
	// DeleteEvent deletes an event that nobody has seats of; a repeat of who's key finds it deleted.
	DeleteEvent(ctx context.Context, id storage.EventID, who actors.Caller) (*storage.Event, error)
	// ForgetEvent destroys the key of the event's pseudonyms, for ever. Again is no error.
	ForgetEvent(ctx context.Context, id storage.EventID, who actors.Caller, how pseudonym.Forgetting) (*storage.Event,
		error)
	Cancelling
	Editing
	Catalog() *actors.Catalog // immutable, newest first; the same pointer as long as nothing changes
	Event(id storage.EventID) (*storage.Event, error)
	Venue(ctx context.Context, id storage.EventID) (*venue.Venue, error)
}

// Handlers answers who browses events, and operators who make and change them. Its methods are safe for concurrent use.
type Handlers struct {
	engine   Engine
	timeout  time.Duration // of an engine call
	waiting  bool          // events may have waiting rooms here
	captcha  bool          // and those may ask for captchas
	shelf    shelf
	seatmaps *document.Stills[storage.EventID]
	headers  *document.Stills[*storage.Event] // single events
}

// New makes the handlers. waitingRooms says that there is somebody who keeps them: else an event with one
// is refused, rather than sold without; captchas says the same of captchas.
func New(engine Engine, timeout time.Duration, waitingRooms, captchas bool) *Handlers {
	return &Handlers{
		engine: engine, timeout: timeout, waiting: waitingRooms, captcha: captchas,
		seatmaps: document.NewStills[storage.EventID](stillsMax, stillsBytesMax),
		headers:  document.NewStills[*storage.Event](stillsMax, stillsBytesMax/4),
	}
}
