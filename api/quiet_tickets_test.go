package api

import (
	"context"
	"time"

	"holdfast/actors"
	"holdfast/actors/ticket"
	"holdfast/actors/ticketing"
	"holdfast/storage"
)

func (quietEngine) Tickets(actors.BookingID, ticketing.Caller, time.Duration) (*ticketing.Tickets, error) {
	return nil, actors.ErrBookingUnknown
}

func (quietEngine) Scan(ticketing.Scanned, ticketing.Caller, time.Duration) (*ticketing.Scan, error) {
	return nil, ticket.ErrNoTicket
}

func (quietEngine) ScanLate(list []ticketing.Scanned, _ ticketing.Caller, _ time.Duration) []ticketing.Late {
	out := make([]ticketing.Late, len(list))
	for i := range out {
		out[i].Err = ticket.ErrNoTicket
	}
	return out
}

func (quietEngine) Reissue(actors.BookingID, int, ticketing.Caller, time.Duration) (*ticketing.Tickets, error) {
	return nil, actors.ErrBookingUnknown
}

func (quietEngine) Manifest(context.Context, storage.EventID, ticketing.Cursor, int) (*ticketing.Page, error) {
	return nil, actors.ErrEventUnknown
}

func (quietEngine) Conflicts(
	context.Context, storage.EventID, string, ticketing.Cursor, int,
) (*ticketing.Page, error) {
	return nil, actors.ErrEventUnknown
}

func (quietEngine) SignManifest(context.Context, []byte) (string, error) {
	return "", ticketing.ErrNoKeys
}

func (quietEngine) TicketKeys(context.Context) ([]ticketing.Key, error) {
	return nil, ticketing.ErrNoKeys
}

func (quietEngine) RotateTicketKeys(context.Context) ([]ticketing.Key, error) {
	return nil, ticketing.ErrNoKeys
}
