package section

// Limits on what one buyer can make a section write and remember. They are judged in Decide only: Apply takes whatever
// the log has, so logs from before these limits replay to the same state. All three are part of the public API.
const (
	// PaymentAttemptsMax is how many payments may be begun for one booking: enough for a card mistyped and a second
	// card, too few for trying out stolen ones.
	PaymentAttemptsMax = 5
	// RequestsPerBuyerMax is how many requests of one buyer a section remembers before it takes no more holds and
	// extensions of theirs. Nothing is forgotten early for it (P5). Releasing and paying go on: each booking has but
	// one release and PaymentAttemptsMax payments, so the memory stays bounded and nobody is kept from what they hold.
	RequestsPerBuyerMax = 1000
	// ExtendMin is the least time by which an extension moves a hold's end; half of HoldTTL where holds are shorter
	// than two of it.
	ExtendMin Millis = 1000
)

// attemptsKept is as far as attempts are counted: four bits in a snapshot. Logs from before the limit may hold more.
const attemptsKept = 15

// countAttempt keeps the number of payments begun while there may be more of them. A state that was restored from a
// build which did not count learns it from the attempt's own number.
func (b *booking) countAttempt(kind ChangeKind, attempt uint8) {
	switch {
	case kind == PaymentBegun:
		b.setAttempts(min(max(b.attempts()+1, attempt), attemptsKept))
	case b.state != BookingHeld && b.state != BookingPaying:
		b.setAttempts(0)
	}
}

func (s *State) extendMin() Instant { return Instant(min(ExtendMin, s.rules.HoldTTL/2)) }

// agedScanMax bounds how far remembersTooMany looks, some 100 µs. More can be waiting only while a busy day is being
// forgotten.
const agedScanMax = 16_384

// remembersTooMany says whether the memory of this buyer's requests is full at c.At. Requests older than DedupeWindow
// that happen to be remembered still (they are among the youngest, or their turn has not come) do not count: a full
// memory always ages out. The operator is no suspect, and a box office has many requests.
func (s *State) remembersTooMany(c *Command, h uint32) bool {
	if c.Operator || h == 0 || c.Request == (RequestID{}) {
		return false
	}
	kept := s.buyers.slab.At(h).kept
	if kept < RequestsPerBuyerMax {
		return false
	}
	q := &s.requests.entries
	for i := range min(q.Len(), agedScanMax) {
		e := q.At(q.Head() + i)
		if Millis(c.At-s.requests.at(q.Head()+i)) <= s.rules.DedupeWindow {
			break
		}
		if slot := e.slot(); slot != 0 && s.bookings.slab.At(slot).buyer == h {
			kept--
		}
	}
	return kept >= RequestsPerBuyerMax
}
