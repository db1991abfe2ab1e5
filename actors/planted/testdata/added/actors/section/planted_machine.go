package section

// plantedHold says that a decision places one hold.
func plantedHold(d *Decision) bool {
	return len(d.Changes) == 1 && d.Changes[0].Kind == HoldPlaced
}

// plantedSoldOut makes a refusal of a hold (false-sold-out).
func plantedSoldOut(d *Decision) {
	d.Changes = d.Changes[:0]
	o := &d.Outcome
	*o = Outcome{Rejection: SoldOut, Lost: o.Lost[:0], Seats: o.Seats[:0]}
}

// plantedRefusal has a hold told as refused, and leaves its change to be written (phantom).
func plantedRefusal(d *Decision) {
	d.Outcome.Rejection = SeatTaken
	d.Outcome.Lost = append(d.Outcome.Lost[:0], d.Outcome.Seats...)
}

// plantedEarlyLapse halves the life of a hold between its encoding and its memory (early-lapse).
func plantedEarlyLapse(changes []Change) {
	for i := range changes {
		if c := &changes[i]; c.Kind == HoldPlaced {
			c.ExpiresAt = c.At + (c.ExpiresAt-c.At)/2
		}
	}
}

// plantedJudgeAnew decides a remembered request for a hold as one that was never met (repeat-anew).
func (m *Machine) plantedJudgeAnew(c *Call) {
	kind := c.Command.Kind
	if !c.Decision.Outcome.Repeat || kind != PlaceHold && kind != PlaceBest {
		return
	}
	stranger := c.Command
	stranger.Request = RequestID{}
	m.State.Decide(&stranger, &c.Decision)
	for i := range c.Decision.Changes {
		c.Decision.Changes[i].Request = c.Command.Request
	}
}

// plantedForgetHold forgets a hold that was just placed: its booking is released in memory, and neither the log nor its
// buyer is told (double-grant).
func (m *Machine) plantedForgetHold(c *Change, e *Effects) {
	m.touched = m.State.Apply(&Change{Kind: HoldReleased, At: c.At, Booking: c.Booking}, m.touched[:0])
	m.shares = append(m.shares, Share{Buyer: c.Buyer, Seats: uint32(len(m.touched))})
	for _, seat := range m.touched {
		e.Seats = append(e.Seats, SeatChange{seat, Available})
	}
}
