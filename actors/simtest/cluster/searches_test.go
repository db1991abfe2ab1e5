package cluster_test

import (
	"holdfast/actors"
	"holdfast/actors/section"
)

// freeSince gives the fewest and the most seats that all sections together may have been seen to have free since a call
// began. The newest record of then may not have been told to anybody yet.
func (j *judge) freeSince(c *call) (fewest, most int) {
	for no, m := range j.models {
		low, high := m.FreeFrom(c.since[no])
		fewest, most = fewest+low, most+high
	}
	return fewest, most
}

// apart holds a "not together" against the logs (P11): every section had too few at some moment. What all of them
// together have is told from the map, which may be late for sections of other nodes (P9); if it is said to be enough,
// it was.
func (j *judge) apart(c *call, no *actors.NotTogetherError) {
	most := 0
	for at, m := range j.models {
		_, high := m.FreeFrom(c.shown[at])
		most += high
	}
	just := no.Largest < c.intent.quantity && no.Largest > 0 && no.Free >= no.Largest &&
		(no.Free < c.intent.quantity || most >= int(c.intent.quantity))
	for at, m := range j.models {
		just = just && m.EverFewer(c.since[at], int(c.intent.quantity))
	}
	if !just {
		j.w.failf(
			"P11: intent %d for %d is refused with %q, and nothing durable since it came justifies it", c.intent.number,
			c.intent.quantity, no,
		)
	}
}

func (j *judge) inTheWay(no int, id string, since section.Seq) bool {
	seat := section.SeatIndex(id[len(id)-1] - '1')
	_, taken := j.models[no].Holder[seat]
	return taken || j.models[no].FreedAt[seat] > since
}
