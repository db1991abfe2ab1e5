package admission

import (
	"slices"

	"holdfast/api/wire/waitingroom"
)

// present follows who came when no slot was free, and who is offered one: the lowest rank first (G4). In a room with a
// draw ranks are not numbers, and nothing of it is judged.
type present struct {
	waits   []uint32 // numbers, in the order in which they came
	offered []uint32 // in the order in which they were offered
}

// forget takes a number out of wherever it is.
func (p *present) forget(number uint32) {
	for _, list := range []*[]uint32{&p.waits, &p.offered} {
		if i := slices.Index(*list, number); i >= 0 {
			*list = slices.Delete(*list, i, i+1)
		}
	}
}

// order follows one change.
func (l *queueLog) order(j *judge, c *waitingroom.LogChange) {
	p := &l.present
	if l.lobby {
		return
	}
	switch c.Kind {
	case waitingroom.LogPresent:
		p.waits = append(p.waits, *c.Number)
	case waitingroom.LogLeft:
		p.forget(*c.Number)
	case waitingroom.LogSlotsOffered:
		slices.Sort(p.waits)
		n := min(int(*c.Affected), len(p.waits))
		p.offered = append(p.offered, p.waits[:n]...)
		p.waits = slices.Delete(p.waits, 0, n)
	case waitingroom.LogTurnsLapsed:
		p.offered = slices.Delete(p.offered, 0, min(int(*c.Offers), len(p.offered)))
	case waitingroom.LogOperated:
		for len(p.offered) > 0 && int(l.occupied)+len(p.offered) > int(l.cap) {
			last := len(p.offered) - 1
			p.waits = append(p.waits, p.offered[last])
			p.offered = p.offered[:last]
		}
	case waitingroom.LogAdmitted:
		l.inOrder(j, c)
		p.forget(*c.Number)
	}
}

// inOrder: whoever is admitted was offered a slot, or came when nobody was before them.
func (l *queueLog) inOrder(j *judge, c *waitingroom.LogChange) {
	switch p := &l.present; {
	case *c.Number >= l.counter:
		j.calls.add(j.event, "record %d: place %d is admitted, the counter is at %d (G4)", c.Seq, *c.Number, l.counter)
	case c.From == "offered" && !slices.Contains(p.offered, *c.Number):
		j.calls.add(
			j.event,
			"record %d: place %d is admitted on an offer that is another's: of the present, lower ones "+
				"are offered a slot first (G4)",
			c.Seq,
			*c.Number,
		)
	case c.From != "offered" && len(p.waits) > 0:
		j.calls.add(j.event, "record %d: place %d is admitted before place %d, who is present (G4)", c.Seq, *c.Number,
			slices.Min(p.waits))
	}
}
