package api

import (
	"context"
	"time"

	"holdfast/actors"
	"holdfast/actors/pseudonym"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// fakeEngine answers whatever a test needs that the real engine cannot be made to say at will.
type fakeEngine struct {
	Engine // nil: a call that a test does not expect panics

	book  func(call *actors.BookCall, out *actors.BookingView) error
	other error
	ready error
	event *storage.Event
	live  Live
	done  map[section.RequestID]uint64 // operators' keys and their fingerprints
}

func (f *fakeEngine) Done(_ context.Context, who actors.Caller) (bool, error) {
	print, known := f.done[who.Request]
	if known && print != who.Fingerprint {
		return false, actors.ErrMismatch
	}
	return known, nil
}

func (f *fakeEngine) MarkDone(_ context.Context, who actors.Caller) error {
	if f.done == nil {
		f.done = map[section.RequestID]uint64{}
	}
	if who.Request != (section.RequestID{}) {
		f.done[who.Request] = who.Fingerprint
	}
	return nil
}

func (f *fakeEngine) Book(call *actors.BookCall, _ time.Duration, out *actors.BookingView) error {
	return f.book(call, out)
}

func (f *fakeEngine) Booking(id actors.BookingID, _ actors.Caller, _ time.Duration, out *actors.BookingView) error {
	out.ID, out.State = id, section.BookingHeld
	return f.other
}

func (f *fakeEngine) Confirm(id actors.BookingID, _ actors.Caller, _ string, _ time.Duration,
	out *actors.BookingView) error {
	out.ID, out.State, out.Currency = id, section.BookingPaying, "EUR"
	return f.other
}

// PseudonymKey has every event be of before keys.
func (f *fakeEngine) PseudonymKey(storage.EventID) (*pseudonym.Key, error) { return nil, nil }

func (f *fakeEngine) Ready() error { return f.ready }

func (f *fakeEngine) Event(storage.EventID) (*storage.Event, error) { return f.event, nil }

func (f *fakeEngine) Live(context.Context, storage.EventID) (Live, error) { return f.live, nil }

func (f *fakeEngine) Venue(context.Context, storage.EventID) (*venue.Venue, error) {
	return nil, f.other
}

// frozenMap is an event's map that never changes: one section.
type frozenMap struct{ letters []byte }

// frozenEvent is its event.
var frozenEvent = &storage.Event{Currency: "EUR", Sections: []storage.SectionInfo{{ID: "A", Name: "A", Seats: 4}}}

func (*frozenMap) Version() uint64 { return 1 }

func (m *frozenMap) Read(visit func(storage.SectionNo, actors.SectionStatus)) uint64 {
	visit(0, actors.SectionStatus{Seq: 1, Letters: m.letters, Free: len(m.letters)})
	return 1
}

func (*frozenMap) Deltas(uint64, func(uint64, *actors.Delta)) bool { return true }

func (*frozenMap) Changed() <-chan struct{} { return nil }
