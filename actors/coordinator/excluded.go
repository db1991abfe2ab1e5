package coordinator

import (
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/storage"
)

// A section that nobody serves is excluded, so that the coordinator's next epoch need not wait for its fence:
//
//	Exclude: from here on no grant is for it ──▶ what is under way there, and what its buyers have ──▶ the log
//	next epoch: Begin(without it) ──▶ ready; the list counts
//	it is served again ──▶ fenced, and followed up to the fence ──▶ Readmittable ──▶ the log ──▶ Readmit
//
// Only an epoch that has its own fence in the section may exclude it: then nothing can come of an older epoch there,
// and of this one nothing but what is listed.

// Exclude has no grant used at a section any more, if the granter is still in that epoch and the section has its fence,
// and lists the grants that are under way there. The caller adds what the buyers are known to have there, looked up
// after this: a grant that becomes a hold meanwhile is listed twice, and never not at all.
func (d *Granter) Exclude(epoch section.Epoch, no storage.SectionNo) (underWay []grant.Share, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.sections[no]
	if d.epoch != epoch || epoch == 0 || s.excluded || !s.counted || s.fence != epoch {
		return nil, false
	}
	s.excluded = true
	d.set(no, s)
	for _, g := range d.open {
		if g.used && g.at == no {
			underWay = append(underWay, grant.Share{Buyer: g.buyer, Request: g.request, Seats: g.seats})
		}
	}
	return underWay, true
}

// Excluded says that no grant is for the section.
func (d *Granter) Excluded(no storage.SectionNo) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sections[no].excluded
}

// Readmittable says that an excluded section has this epoch's fence and is counted up to it.
func (d *Granter) Readmittable(epoch section.Epoch, no storage.SectionNo) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.readmittable(epoch, no)
}

func (d *Granter) readmittable(epoch section.Epoch, no storage.SectionNo) bool {
	s := &d.sections[no]
	return epoch != 0 && d.epoch == epoch && s.excluded && s.counted && s.fence == epoch
}

// Readmit ends an exclusion, whose end is in the coordinator's log.
func (d *Granter) Readmit(epoch section.Epoch, no storage.SectionNo) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.readmittable(epoch, no) {
		return
	}
	if s := d.surplus[no]; s != nil {
		s.end(d.quota)
		delete(d.surplus, no)
	}
	s := d.sections[no]
	s.excluded = false
	d.set(no, s)
}

// Known says what is known here of an excluded section: of what is listed only what goes beyond it counts too.
func (d *Granter) Known(no storage.SectionNo, live func(visit func(buyer section.BuyerID, seats uint32))) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.surplus[no]; s != nil {
		s.beyond(d.quota, live)
	}
}

// surplus is what an excluded section's list has beyond what is known of the section here.
type surplus struct {
	listed  map[section.BuyerID]uint32
	counted map[section.BuyerID]uint32 // in the quota
}

// newSurplus counts the whole list.
func newSurplus(q *BuyerQuota, shares []grant.Share) *surplus {
	s := &surplus{listed: map[section.BuyerID]uint32{}}
	for i := range shares {
		s.listed[shares[i].Buyer] += shares[i].Seats
	}
	s.beyond(q, func(func(section.BuyerID, uint32)) {})
	return s
}

// beyond counts what the list has beyond what is live.
func (s *surplus) beyond(q *BuyerQuota, live func(visit func(buyer section.BuyerID, seats uint32))) {
	rest := make(map[section.BuyerID]uint32, len(s.listed))
	for buyer, seats := range s.listed {
		rest[buyer] = seats
	}
	live(func(buyer section.BuyerID, seats uint32) {
		if n, listed := rest[buyer]; listed {
			rest[buyer] = n - min(n, seats)
		}
	})
	for buyer, seats := range rest {
		q.Add(buyer, seats)
	}
	s.end(q)
	s.counted = rest
}

// end counts it no more.
func (s *surplus) end(q *BuyerQuota) {
	for buyer, seats := range s.counted {
		if seats > 0 {
			q.Release(buyer, seats)
		}
	}
	s.counted = nil
}
