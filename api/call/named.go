package call

import (
	"errors"

	"holdfast/actors"
	"holdfast/actors/pseudonym"
	"holdfast/actors/section"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Pseudonyms knows how the logs of an event call its buyers (P14).
type Pseudonyms interface {
	// PseudonymKey makes the event's pseudonyms; nil without an error: as events of earlier builds have them. It must
	// be quick for whatever event was asked for before. Errors: actors.ErrEventUnknown, actors.ErrForgotten,
	// actors.ErrUnavailable.
	PseudonymKey(id storage.EventID) (*pseudonym.Key, error)
}

// Named is somebody as one event's logs know them.
type Named struct {
	Buyer section.BuyerID
	// Keyed says that the event's key made the name: then nothing else of the subject may get into the logs.
	Keyed bool
}

// Named is the caller within an event. Operators have one name everywhere.
func (r *Call) Named(in Pseudonyms, event storage.EventID) (Named, error) {
	if r.Who.Operator {
		return Named{Buyer: actors.OperatorBuyer}, nil
	}
	return NamedIn(in, event, r.Who.Subject)
}

// NamedIn is a subject within an event.
func NamedIn(in Pseudonyms, event storage.EventID, subject string) (Named, error) {
	switch key, err := in.PseudonymKey(event); {
	case err != nil:
		return Named{}, err
	case key != nil:
		return Named{Buyer: key.Of(subject), Keyed: true}, nil
	}
	return Named{Buyer: wire.BuyerHash(subject)}, nil
}

// NamedAt is Named within the event of a booking. Nobody has a booking of an event that is not there.
func (r *Call) NamedAt(in Pseudonyms, booking actors.BookingID) (Named, error) {
	named, err := r.Named(in, booking.Section.Event)
	if errors.Is(err, actors.ErrEventUnknown) {
		err = bookingUnknown
	}
	return named, err
}
