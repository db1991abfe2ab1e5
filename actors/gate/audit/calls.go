package audit

import (
	"cmp"
	"slices"

	"holdfast/actors/gate"
)

func (j *judge) stocked(c *gate.Change) {
	s := &c.Stock
	j.want(s.Pool == j.set.Pool, "G8", "stock of pool %d in the gate of pool %d", s.Pool, j.set.Pool)
	for _, now := range s.Sections {
		for _, before := range j.stock.Sections {
			j.want(before.Section != now.Section || before.Seq <= now.Seq, "G8",
				"section %d was counted at record %d before, now at %d", now.Section, before.Seq, now.Seq)
		}
	}
	if j.options.Stock != nil {
		err := j.options.Stock(s)
		j.want(err == nil, "G8", "stock %d is not what the sections' logs say: %v", j.stocks+1, err)
	}
	j.stocks++
	j.stock = *s
	j.stock.Sections = slices.Clone(s.Sections)
}

func (j *judge) show(came, missed uint32) {
	j.shown, j.missed = j.shown+came, j.missed+missed
	for j.shown+j.missed > 1024 {
		j.shown, j.missed = j.shown/2, j.missed/2
	}
}

func (j *judge) calledUp(c *gate.Change) {
	j.want(j.phase == gate.Open, "G9", "a call before the doors were open")
	j.want(!j.paused, "G9", "a call in a pause")
	j.want(c.Upto >= j.counter && int(c.Upto) <= len(j.people), "G4", "the counter goes from %d to %d of %d",
		j.counter, c.Upto, len(j.people))
	j.permits(c)
	people := uint32(0)
	for rank := j.counter; rank < c.Upto && int(rank) < len(j.people); rank++ {
		no := gate.Number(j.order.Number(uint32(rank)))
		if j.people[no].state == gate.Waiting {
			people++
			j.become(no, gate.Called)
		}
	}
	j.want(people == c.People, "G4", "%d people wait between the counters, %d are called", people, c.People)
	j.counter = max(j.counter, c.Upto)
}

// permits holds a call against the stock that it cites, the slots, and the rate.
func (j *judge) permits(c *gate.Change) {
	if c.People == 0 {
		return
	}
	s := &j.stock
	j.report.CallsOnStock++
	j.want(c.Cites == j.stocks && c.Cites > 0, "G8", "the call cites stock %d, the newest is %d", c.Cites, j.stocks)
	j.want(s.Free > 0 || s.Held > 0 || s.Paying > 0, "G9", "a call with nothing in stock")
	out := len(j.called) + len(j.present) + len(j.offered) + int(c.People)
	last := out - 1 + max(0, j.inside-int(s.Holding)) // what outstood when the last of them was called
	mean := max(1, int(j.set.MeanSeats))
	if j.set.MeanSeats == 0 {
		mean = 1000
	}
	supply := int(s.Free)*1000 + (int(s.Held)+int(s.Paying))*int(j.set.Return)
	j.want(last*mean < supply, "G8", "stock %d has %d thousandths of a seat, %d people wanted %d before the last call",
		c.Cites, supply, last, last*mean)
	rate := max(100, 1000*(j.shown+8)/(j.shown+j.missed+8))
	j.want(c.ShowRate == rate, "G8", "the call's show rate is %d, measured are %d thousandths", c.ShowRate, rate)
	slots := max(0, int(j.cap)-j.holding)
	j.want(out*int(rate) <= slots*1000, "G8", "%d are outstanding for %d slots at a show rate of %d", out, slots, rate)
	j.paced(c)
}

// paced: not more in any time than the rate allows, and a second's worth at once.
func (j *judge) paced(c *gate.Change) {
	if j.rate == 0 {
		return
	}
	each := max(1, 1_000_000_000/int64(j.rate))
	j.paid = max(j.paid, int64(c.At)*1000)
	j.want(j.paid+int64(c.People-1)*each <= int64(c.At)*1000+max(0, 1_000_000-each), "G8",
		"%d calls are more than the rate of %d in 1000 seconds allows", c.People, j.rate)
	j.paid += int64(c.People) * each
}

// slotsOffered: the lowest ranks among the present.
func (j *judge) slotsOffered(c *gate.Change) {
	j.want(j.serving(), "G9", "slots are offered while nobody is served")
	j.want(int(c.People) <= j.free(), "G5", "%d slots are offered, %d are free", c.People, j.free())
	if !j.want(
		int(c.People) <= len(j.present), "G4", "%d are offered a slot, %d are present", c.People, len(j.present),
	) {
		return
	}
	order := slices.Clone(j.present)
	slices.SortFunc(order, func(a, b gate.Number) int {
		return cmp.Compare(j.order.Place(uint32(a)), j.order.Place(uint32(b)))
	})
	for _, no := range order[:c.People] {
		j.become(no, gate.Offered)
	}
}

func (j *judge) admitted(c *gate.Change) {
	if !j.known(c.Number) {
		return
	}
	p := &j.people[c.Number]
	j.want(j.serving(), "G9", "place %d is admitted while nobody is served", c.Number)
	j.want(
		j.holding < int(j.cap), "G5", "place %d is admitted, %d of %d slots are occupied", c.Number, j.holding, j.cap,
	)
	switch p.state {
	case gate.Offered:
	case gate.Called, gate.Late:
		j.want(j.free() > 0, "G5", "place %d takes a slot that is kept for another", c.Number)
		j.want(len(j.present) == 0, "G4", "place %d is admitted before others who are present", c.Number)
		j.show(1, 0)
	default:
		j.find("G4", "place %d is admitted and was not called", c.Number)
	}
	j.want(c.Latecomer || !p.missed, "G4", "latecomer %d is logged as one who came in time", c.Number)
	j.want(int(c.Session) == len(j.stays)+1, "log", "session %d follows session %d", c.Session, len(j.stays))
	j.want(c.Until == c.At+gate.Instant(j.set.Session), "G12", "session %d is not as long as others", c.Session)
	j.become(c.Number, gate.Inside)
	j.stays = append(j.stays, stay{number: c.Number, until: c.Until})
	j.inside, j.holding = j.inside+1, j.holding+1
	j.report.Admitted++
}

// lapsed: whose time is up, in the order in which it began.
func (j *judge) lapsed(c *gate.Change) {
	if c.Kind == gate.GraceEnded {
		j.pastTime(&j.late, c.People, j.offer, j.set.Grace, "grace window", gate.Lapsed)
		return
	}
	j.show(0, c.People)
	to := gate.Late
	if j.set.Grace == 0 {
		to = gate.Lapsed
	}
	j.pastTime(&j.called, c.People, j.turn, j.set.Turn, "turn", to)
	j.pastTime(&j.offered, c.Offers, j.offer, j.set.Turn, "offer", to)
}

func (j *judge) pastTime(list *[]gate.Number, n uint32, clock, most gate.Millis, what string, to gate.PlaceState) {
	if !j.want(int(n) <= len(*list), "G12", "%d lapse, %d have a %s", n, len(*list), what) {
		return
	}
	for _, no := range slices.Clone((*list)[:n]) {
		ran := clock - j.people[no].start
		j.want(ran >= most, "G12", "the %s of place %d ran %d of %d ms", what, no, ran, most)
		if end := to; j.people[no].missed {
			j.become(no, gate.Lapsed)
		} else {
			j.become(no, end)
		}
	}
}

func (j *judge) ending(c *gate.Change) {
	if c.Kind == gate.SessionEnding {
		j.end(int(c.Session) - 1)
		return
	}
	left := c.People
	for i := j.oldest; i < len(j.stays) && left > 0; i++ {
		if j.stays[i].ended == 0 {
			j.want(j.stays[i].until <= c.At, "G12", "session %d lapses before its time", i+1)
			j.end(i)
			left--
		}
	}
	j.want(left == 0, "log", "%d more sessions lapse than are inside", left)
}

func (j *judge) end(i int) {
	if !j.want(i >= 0 && i < len(j.stays) && j.stays[i].ended == 0, "G6", "session %d ends and is not inside", i+1) {
		return
	}
	j.stays[i].ended = j.seq
	j.inside--
	j.stock.Holding -= min(j.stock.Holding, 1) // it may have been one of them
	j.become(j.stays[i].number, gate.Finished)
	for j.oldest < len(j.stays) && j.stays[j.oldest].ended != 0 {
		j.oldest++
	}
}

func (j *judge) slotsFreed(c *gate.Change) {
	j.acks += len(c.Acks)
	for _, no := range c.Sessions {
		i := int(no) - 1
		known := i >= 0 && i < len(j.stays) && j.stays[i].ended != 0 && !j.stays[i].freed
		if !j.want(known, "G6", "the slot of session %d is freed, whose end is not logged, or once more", no) {
			continue
		}
		for _, a := range c.Acks {
			j.want(a.Seq >= j.stays[i].ended, "G6", "session %d ended in record %d, node %x had followed to %d", no,
				j.stays[i].ended, a.Node[:4], a.Seq)
		}
		j.stays[i].freed = true
		j.holding--
	}
}
