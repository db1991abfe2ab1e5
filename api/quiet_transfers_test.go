package api

import (
	"time"

	"holdfast/actors"
	"holdfast/actors/ticketing"
)

func (quietEngine) Offer(
	actors.BookingID, []string, ticketing.Caller, time.Duration,
) (*ticketing.TransferView, error) {
	return nil, actors.ErrBookingUnknown
}

func (quietEngine) Transfers(actors.BookingID, ticketing.Caller, time.Duration) ([]ticketing.TransferView, error) {
	return nil, actors.ErrBookingUnknown
}

func (quietEngine) Withdraw(
	actors.BookingID, uint16, ticketing.Caller, time.Duration,
) (*ticketing.TransferView, error) {
	return nil, actors.ErrBookingUnknown
}

func (quietEngine) SeeLink(string, ticketing.Caller, time.Duration) (*ticketing.TransferView, error) {
	return nil, ticketing.ErrLink
}

func (quietEngine) Accept(string, ticketing.Caller, time.Duration) (*ticketing.TransferView, error) {
	return nil, ticketing.ErrLink
}

func (quietEngine) OpenLink(string) (actors.BookingID, uint16, bool) {
	return actors.BookingID{}, 0, false
}
