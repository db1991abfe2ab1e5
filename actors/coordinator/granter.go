package coordinator

import (
	"slices"
	"sync"

	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Granter is one coordinator of an event on this node: it gives grants while it has an epoch of its log, every section
// of the event that is not excluded has that epoch's fence, and every section's live seats are in the quota (P13).
//
//	Begin(epoch) ──▶ Missing: sections without the fence, or not counted ──▶ Fenced, Counted ──▶ Ready: Grant
//
// Invariant, while it is ready: a buyer's count is no less than the live seats in all sections' logs and the seats of
// all grants that may still become holds. For
//
//   - a grant counts from Grant on until its hold is followed (Placed), surely will not be (Refused), or a fence behind
//     it is, in the section that it was sent to (Fenced). One whose fate nobody knows (Unknown) goes on counting, and
//     so does one whose hold may have come into the quota with the whole of its section (Counted);
//   - seats that end are given back once their end is durable;
//   - a section that is closed, or is loaded anew, goes on counting with what was known of it, which only ends that
//     nobody has heard of can have made less: holds are by grants of this epoch, and those count by themselves;
//   - an excluded section gets no grants. What its log had, or can still get, is in the list that was written down when
//     it was excluded, and the list's surplus over what is known of the section here counts too;
//   - nobody else grants: another's claim has its fence in a section before it counts that section, or has read that
//     the section was excluded.
type Granter struct {
	no    uint8
	quota *BuyerQuota

	mu       sync.Mutex
	epoch    section.Epoch // 0: another node's, or nobody's
	last     uint64        // number of the newest grant
	sections []granterSection
	missing  int
	open     map[openKey]openGrant
	surplus  map[storage.SectionNo]*surplus // of sections that were excluded before this epoch
	changed  chan struct{}                  // closed when the granter becomes ready, or loses its epoch
}

type granterSection struct {
	counted  bool // its live seats are in the quota, as far as they are known
	givenUp  bool // no hold can be placed in it, and nobody can count it any more
	excluded bool // it gets no grants: see Exclude
	fence    section.Epoch
	from     uint64 // the first grant of that epoch which the section takes
}

// past says that a grant lies before the section's fence: all that became holds of such are counted.
func (s *granterSection) past(key openKey) bool {
	return key.epoch < s.fence || key.epoch == s.fence && key.number < s.from
}

type openKey struct {
	epoch  section.Epoch
	number uint64
}

// openGrant is a grant that may still become a hold, or has become one that is not followed yet.
type openGrant struct {
	buyer   section.BuyerID
	request section.RequestID // that it was asked for under; zero: none
	seats   uint32
	at      storage.SectionNo // if asked
	used    bool              // a section was sent it; until then no section's fence says anything of it
	unknown bool              // an asking may have had an effect
	maybe   bool              // a section was counted meanwhile: if a hold came of it, that may be counted already
}

// NewGranter is a granter without an epoch, of an event of so many sections none of which is counted.
func NewGranter(no uint8, sections int, quota *BuyerQuota) *Granter {
	return &Granter{no: no, quota: quota, sections: make([]granterSection, sections), missing: sections,
		open: map[openKey]openGrant{}, surplus: map[storage.SectionNo]*surplus{}, changed: make(chan struct{})}
}

// Begin begins an epoch, which the coordinator's log has given to this node: without the sections that the log says are
// excluded. Where a section has a newer epoch's fence already, it begins none: another has claimed the log since, and
// the word of this node's own claim came late.
func (d *Granter) Begin(epoch section.Epoch, without ...Excluded) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end()
	if slices.ContainsFunc(d.sections, func(s granterSection) bool { return s.fence > epoch }) {
		return
	}
	for i := range without {
		d.sections[without[i].Section].excluded = true
		d.surplus[without[i].Section] = newSurplus(d.quota, without[i].Shares)
	}
	d.epoch, d.last = epoch, 0
	d.recount()
	if d.isReady() {
		d.begun()
	}
}

// End ends the epoch: the log is another's, or nobody's. Grants that were given go on counting.
func (d *Granter) End() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end()
}

func (d *Granter) end() {
	if d.epoch == 0 {
		return
	}
	d.epoch = 0
	for no, s := range d.surplus {
		s.end(d.quota)
		delete(d.surplus, no)
	}
	for i := range d.sections {
		d.sections[i].excluded = false // as the log says, once this node has it again
	}
	d.recount()
	d.wake()
}

func (d *Granter) wake() {
	close(d.changed)
	d.changed = make(chan struct{})
}

func (d *Granter) isReady() bool { return d.missing == 0 && d.epoch != 0 }

func (d *Granter) lacks(s granterSection) bool {
	return !s.givenUp && !s.excluded && (!s.counted || s.fence != d.epoch)
}

// recount finds what is missing in a new epoch.
func (d *Granter) recount() {
	d.missing = 0
	for i := range d.sections {
		if d.lacks(d.sections[i]) {
			d.missing++
		}
	}
}

// set says how a section stands. A fence of a newer epoch than the granter's is another's.
func (d *Granter) set(no storage.SectionNo, s granterSection) {
	was := d.isReady()
	if d.lacks(d.sections[no]) {
		d.missing--
	}
	if d.sections[no] = s; d.lacks(s) {
		d.missing++
	}
	switch {
	case d.epoch != 0 && s.fence > d.epoch:
		d.end()
	case !was && d.isReady():
		d.begun()
	}
}

// begun gives up what earlier epochs have granted: every section takes this one only, and older holds have been
// followed, or are in the list of an excluded section.
func (d *Granter) begun() {
	for key, g := range d.open {
		if key.epoch < d.epoch {
			d.giveUp(key, g)
		}
	}
	d.wake()
}

func (d *Granter) giveUp(key openKey, g openGrant) {
	delete(d.open, key)
	d.quota.Release(g.buyer, g.seats)
}

// Epoch is the granter's; 0: it has none. changed is closed when that, or Ready, changes.
func (d *Granter) Epoch() (epoch section.Epoch, ready bool, changed <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.epoch, d.isReady(), d.changed
}

// Ready says that Grant gives grants.
func (d *Granter) Ready() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.isReady()
}

// Missing lists the sections that keep the granter from being ready.
func (d *Granter) Missing() (list []storage.SectionNo) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.sections {
		if d.lacks(d.sections[i]) {
			list = append(list, storage.SectionNo(i))
		}
	}
	return list
}

// Verdict is what becomes of a wish for a grant.
type Verdict uint8

// The verdicts.
const (
	Granted   Verdict = iota + 1
	OverLimit         // the buyer would have more than the limit
	NotReady          // the granter does not grant now
)

// Grant counts seats for a buyer, unless that would exceed limit. It is NotReady too if the epoch is over: whoever has
// looked for a key in it knows nothing of what others let in since.
func (d *Granter) Grant(epoch section.Epoch, buyer section.BuyerID, seats, limit uint32, unbound bool) (
	g grant.Grant, v Verdict,
) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.isReady() || epoch != d.epoch {
		return g, NotReady
	}
	total, ok := d.quota.reserve(buyer, seats, limit)
	if !ok {
		return g, OverLimit
	}
	d.last++
	d.open[openKey{d.epoch, d.last}] = openGrant{buyer: buyer, seats: seats}
	return grant.Grant{Number: d.last, Epoch: d.epoch, Total: total, Coordinator: d.no, Unbound: unbound}, Granted
}

// Asks says at which section a grant is about to be used, and under which key. False: the section must not be asked. It
// is excluded, or the grant counts no more, for a fence behind it came to a section that was asked before.
func (d *Granter) Asks(g *grant.Grant, at storage.SectionNo, request section.RequestID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := openKey{g.Epoch, g.Number}
	o, known := d.open[key]
	if !known || d.sections[at].excluded {
		return false
	}
	o.at, o.used, o.maybe, o.request = at, true, false, request // whoever was asked before has said no
	d.open[key] = o
	return true
}

// Refused says that a grant has not become a hold, and will not: its seats are given back, unless an earlier use of it
// may have had an effect.
func (d *Granter) Refused(g *grant.Grant) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := openKey{g.Epoch, g.Number}
	if o, known := d.open[key]; known && !o.unknown {
		d.giveUp(key, o)
	}
}

// Unknown says that nobody knows whether a grant has become a hold.
func (d *Granter) Unknown(g *grant.Grant) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := openKey{g.Epoch, g.Number}
	switch o, known := d.open[key]; {
	case !known:
	case d.sections[o.at].past(key): // the fence behind it came first: it is none
		d.giveUp(key, o)
	default:
		o.unknown = true
		d.open[key] = o
	}
}

// Placed says that a hold under a grant is durable: it counts as live seats from here on, as the grant did until now.
func (d *Granter) Placed(g *grant.Grant, buyer section.BuyerID, seats uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := openKey{g.Epoch, g.Number}
	if _, mine := d.open[key]; mine {
		delete(d.open, key)
		return
	}
	d.quota.Add(buyer, seats)
}

// Counted says that a section's live seats are in the quota, by a log in which that fence stands: the first grant that
// counts. Nobody knows which of the grants behind it, that are open, are among those seats.
func (d *Granter) Counted(no storage.SectionNo, fence section.Epoch, from uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := granterSection{counted: true, excluded: d.sections[no].excluded, fence: fence, from: from}
	d.settle(no, &s)
	for key, g := range d.open {
		if g.used && g.at == no && !g.maybe {
			g.maybe = true
			d.open[key] = g
		}
	}
	d.set(no, s)
}

// settle gives up the grants for a section that lie before its fence: what became a hold of them is counted.
func (d *Granter) settle(no storage.SectionNo, s *granterSection) {
	for key, g := range d.open {
		if g.used && g.at == no && s.past(key) {
			d.giveUp(key, g)
		}
	}
}

// GivenUp says that a section is closed for good, and no other node can open it: no fence of it is waited for.
func (d *Granter) GivenUp(no storage.SectionNo) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.sections[no]
	s.givenUp = true
	d.set(no, s)
}

// Fenced says that a section's log, as far as it is counted, has the fence. Of the grants before it all that became
// holds are counted, so those of the section that are open will not.
func (d *Granter) Fenced(no storage.SectionNo, fence *grant.Grant) {
	if fence.Coordinator != d.no {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.sections[no]
	s.fence, s.from = fence.Epoch, fence.Number
	d.settle(no, &s)
	d.set(no, s)
}

// Doubtful lists the sections with grants that nobody knows the fate of; a fence from the grant next on settles them.
// A granter that is not ready has none: its next epoch's fences settle them.
func (d *Granter) Doubtful() (list []storage.SectionNo, next uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.isReady() {
		return nil, 0
	}
	for key, g := range d.open {
		if (g.unknown || g.maybe) && key.epoch == d.epoch && !slices.Contains(list, g.at) {
			list = append(list, g.at)
		}
	}
	slices.Sort(list)
	return list, d.last + 1
}

// Open counts the grants that may still become holds.
func (d *Granter) Open() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.open)
}
