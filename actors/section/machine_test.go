package section

import "testing"

// TestMemoryIsCountedOnce: a hold whose seats nobody had reserved, because its request came from another node, is
// counted from the moment it is in the memory, for with the memory it is taken back.
func TestMemoryIsCountedOnce(t *testing.T) {
	m := NewMachine(NewState(&Layout{General: true, Seats: make([]SeatSpec, 10), Quality: make([]uint32, 10)},
		Rules{HoldTTL: 1000, HoldCeiling: 2000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 8}))
	m.Claimed(2, 1)
	e := m.NewEffects()
	hold := func(n byte, seat SeatIndex, reserved uint32) *Call {
		c := &Call{
			Reserved: reserved,
			Command: Command{Kind: PlaceHold, Seats: []SeatIndex{seat}, Buyer: BuyerID{n + 1},
				Request: RequestID{n + 1}},
		}
		if d := m.Decide(c, 1); d.Changes != 1 {
			t.Fatalf("%+v", c.Decision.Outcome)
		}
		m.Apply(e)
		return c
	}
	r := hold(0, 2, 0)
	shares := m.Shares()
	if len(shares) != 1 || !shares[0].Taken || shares[0].Seats != 1 || r.Reserved != 1 {
		t.Errorf("the ledger hears %+v of a hold of one seat, %d reserved", shares, r.Reserved)
	}
	if hold(2, 1, 1); len(m.Shares()) != 0 {
		t.Error("what was reserved is counted twice")
	}
}
