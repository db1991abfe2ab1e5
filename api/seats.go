package api

import (
	"net/http"

	"holdfast/actors/section"
	"holdfast/api/wire"
)

func (s *Server) blockSeats(r *request) error { return s.setBlocked(r, false) }

func (s *Server) unblockSeats(r *request) error { return s.setBlocked(r, true) }

// setBlocked takes seats off sale or gives them back.
func (s *Server) setBlocked(r *request, unblock bool) error {
	event, err := r.event()
	if err != nil {
		return err
	}
	var body wire.Seats
	if err := wire.Decode(r.body(), &body); err != nil {
		return err
	}
	if len(body.Seats) == 0 {
		return &problem{kind: refusals[section.NoSeats], field: "seats"}
	}
	r.detailf("seats=%d", len(body.Seats))
	print := r.asks()
	for _, seat := range body.Seats {
		print.text(seat)
	}
	if err := s.engine.Block(event, r.operator(), body.Seats, unblock, s.timeout()); err != nil {
		return err
	}
	return r.encode(http.StatusOK, &body)
}
