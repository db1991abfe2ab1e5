package audit

import (
	"cmp"
	"fmt"
	"slices"

	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/storage"
)

// What is found of a coordinated event's limits and keys; the detail names the invariant.
const (
	// Limit: the logs do not prove that a buyer's seats were within the limit (P13).
	Limit Code = "limit"
	// Key: one request was done twice (P5).
	Key Code = "key"
)

// clockSlack is how far the clocks of two sections may differ, beside Options.Lag, before an end that is said to come
// later than a hold counts as later.
const clockSlack section.Instant = 2000

// limits gathers over the sections of an event what proves that no buyer had more seats than allowed (G10), and that no
// request was done twice (G11):
//
//	a hold's grant is of the epoch whose fence stands in its section, and of the coordinator that counts the buyer
//	every section has the fence of every epoch that granted anything, but those that the epoch did without: no older
//	coordinator could go on anywhere
//	every fence's epoch was claimed in the coordinator's own log
//	no grant became two holds
//	no key was used for two requests, of whatever kind, in whatever sections
//	per buyer, in the order of epochs and numbers: the total is within the limit, and no smaller than the seats of the
//	holds before, less those whose ends stand in the logs by then
type limits struct {
	event    *storage.Event
	sections []sectionLimits
	holds    []grantedHold
	keys     map[section.RequestID]keyUse
	twice    []limited // keys used for two requests
	plain    int       // holds without a grant
	claims   []*claims // of each coordinator
}

// keyUse is what a key was used for last.
type keyUse struct {
	section     storage.SectionNo
	kind        section.ChangeKind
	seq         section.Seq
	at          section.Instant
	fingerprint uint64
}

// sectionLimits is one section's part.
type sectionLimits struct {
	*notes
	whole   bool                  // the log was read to its end
	fences  map[uint8]grant.Grant // by coordinator, the first grant that counts
	granted map[grant.Grant]bool  // fences that ever stood: epoch and coordinator, nothing else
	live    map[section.BookingNo]int
	most    uint32 // seats that one buyer may have, by the terms in this log
}

// grantedHold is a hold under a grant.
type grantedHold struct {
	grant.Grant
	section storage.SectionNo
	seq     section.Seq
	buyer   section.BuyerID
	at      section.Instant
	ended   section.Instant // 0: it has not
	seats   uint32
	back    map[uint32]seatsBack // by refund; of a leg, by the first of them
}

// seatsBack are seats of a hold that went on sale again while others did not.
type seatsBack struct {
	at    section.Instant
	seats uint32
}

// giveBack notes seats that a refund put on sale again; twice is once.
func (h *grantedHold) giveBack(c *section.Change) {
	shrunk := c.Kind == section.LegSeatsFreed
	if len(c.Seats) == 0 || c.Kind != section.RefundPending && c.Kind != section.RefundDone && !shrunk {
		return
	}
	if h.back == nil {
		h.back = map[uint32]seatsBack{}
	}
	which := c.Pay.Refund
	if shrunk { // a leg has no refunds, and each of its seats goes once
		which = uint32(c.Seats[0])
	}
	h.back[which] = seatsBack{c.At, uint32(len(c.Seats))}
}

// left is how many of a hold's seats its buyer had at an instant.
func (h *grantedHold) left(at section.Instant) uint32 {
	n := h.seats
	for _, b := range h.back {
		if b.at <= at {
			n -= min(n, b.seats)
		}
	}
	return n
}

func newLimits(e *storage.Event) *limits {
	l := &limits{event: e, sections: make([]sectionLimits, len(e.Sections)), keys: map[section.RequestID]keyUse{}}
	for i := range l.sections {
		l.sections[i] = sectionLimits{fences: map[uint8]grant.Grant{}, granted: map[grant.Grant]bool{},
			live: map[section.BookingNo]int{}, most: e.FirstRules().SeatsPerBuyerMax}
	}
	return l
}

// epochOf is a fence without what tells it from others of its epoch.
func epochOf(g *grant.Grant) grant.Grant {
	return grant.Grant{Epoch: g.Epoch, Coordinator: g.Coordinator}
}

// follow takes one change of a section's log.
func (l *limits) follow(no storage.SectionNo, seq section.Seq, c *section.Change, note func(Code, string)) {
	s := &l.sections[no]
	if l.event.Coordinators > 0 && c.Request != (section.RequestID{}) {
		l.used(no, seq, c)
	}
	switch c.Kind {
	case section.GrantsFenced:
		fence := s.fences[c.Grant.Coordinator]
		if c.Grant.Epoch < fence.Epoch || c.Grant.Epoch == fence.Epoch && c.Grant.Number <= fence.Number {
			note(Limit, fmt.Sprintf("G10: coordinator %d's fence falls from epoch %d, grant %d to epoch %d, grant %d",
				c.Grant.Coordinator, fence.Epoch, fence.Number, c.Grant.Epoch, c.Grant.Number))
			return
		}
		s.fences[c.Grant.Coordinator] = c.Grant
		s.granted[epochOf(&c.Grant)] = true
	case section.TermsSet:
		s.most = c.Terms.SeatsPerBuyerMax
	case section.HoldPlaced, section.LegBound:
		l.placed(no, seq, c, note)
	case section.HoldReleased, section.HoldExpired, section.BookingRefundedChange, section.LegFreed:
		if i, known := s.live[c.Booking]; known {
			l.holds[i].ended = c.At
			delete(s.live, c.Booking)
		}
	case section.RefundPending, section.RefundDone, section.LegSeatsFreed:
		if i, known := s.live[c.Booking]; known {
			l.holds[i].giveBack(c)
		}
	default:
	}
}

func (l *limits) placed(no storage.SectionNo, seq section.Seq, c *section.Change, note func(Code, string)) {
	s, g := &l.sections[no], &c.Grant
	if c.Exchange != nil { // it takes no more seats than it gives: see exchange.go
		return
	}
	if g.Number == 0 {
		if l.plain++; l.event.Coordinators > 0 {
			note(Limit, fmt.Sprintf("G10: booking %d was placed without a grant", c.Booking))
		}
		return
	}
	most := s.most
	switch fence := s.fences[g.Coordinator]; {
	case g.Epoch != fence.Epoch || g.Number < fence.Number:
		note(Limit, fmt.Sprintf("G10: booking %d was placed under grant %d of epoch %d, behind the fence of "+
			"coordinator %d at epoch %d, grant %d", c.Booking, g.Number, g.Epoch, g.Coordinator, fence.Epoch,
			fence.Number))
	case g.Coordinator != grant.Of(c.Buyer, l.event.Coordinators):
		note(Limit, fmt.Sprintf("G10: booking %d is counted by coordinator %d, which is not the buyer's", c.Booking,
			g.Coordinator))
	case !g.Unbound && most > 0 && g.Total > most:
		note(Limit, fmt.Sprintf("G10: booking %d gives its buyer %d seats, %d are allowed", c.Booking, g.Total, most))
	}
	s.live[c.Booking] = len(l.holds)
	l.holds = append(
		l.holds,
		grantedHold{Grant: *g, section: no, seq: seq, buyer: c.Buyer, at: c.At, seats: uint32(len(c.Seats))},
	)
}

// limited is what one finding would be.
type limited struct {
	section storage.SectionNo
	seq     section.Seq
	code    Code
	detail  string
}

// judge weighs what was gathered of all sections.
func (l *limits) judge(lag section.Instant) (found []limited) {
	found = append(found, l.unfenced()...)
	byGrant := map[grant.Grant]*grantedHold{}
	for i := range l.holds {
		h := &l.holds[i]
		name := epochOf(&h.Grant)
		name.Number = h.Number
		if other := byGrant[name]; other != nil {
			found = append(found, limited{h.section, h.seq, Limit, fmt.Sprintf(
				"G10: grant %d of epoch %d of coordinator %d stands in record %d of section %s too", h.Number, h.Epoch,
				h.Coordinator, other.seq, l.event.Sections[other.section].ID)})
		}
		byGrant[name] = h
	}
	return append(append(found, l.twice...), l.overLimit(lag)...)
}

// used notes what a key was used for. Two uses so close that the first was remembered are one too many, but for seats
// that an operator blocks in several sections.
func (l *limits) used(no storage.SectionNo, seq section.Seq, c *section.Change) {
	use := keyUse{no, c.Kind, seq, c.At, c.Fingerprint}
	was, twice := l.keys[c.Request]
	l.keys[c.Request] = use
	blocks := c.Kind == section.SeatsBlocked || c.Kind == section.SeatsUnblocked
	switch {
	case !twice, max(was.at, use.at)-min(was.at, use.at) > section.Instant(l.event.Rules.DedupeWindow):
	case was.section == no && was.fingerprint == use.fingerprint && was.kind != section.HoldPlaced:
	case was.section != no && blocks && was.kind == use.kind && was.fingerprint == use.fingerprint:
	default:
		l.twice = append(l.twice, limited{no, seq, Key, fmt.Sprintf(
			"G11: the request's key was used in record %d of section %s too", was.seq,
			l.event.Sections[was.section].ID)})
	}
}

// unfenced finds sections in which a coordinator's older epoch could go on while a newer one granted.
func (l *limits) unfenced() (found []limited) {
	granting := map[grant.Grant]section.Seq{}
	for i := range l.holds {
		granting[epochOf(&l.holds[i].Grant)] = l.holds[i].seq
	}
	for g := range granting {
		for no := range l.sections {
			if s := &l.sections[no]; s.whole && !s.granted[g] && !l.excluded(&g, no) {
				found = append(found, limited{storage.SectionNo(no), 0, Limit, fmt.Sprintf(
					"G10: coordinator %d granted seats under epoch %d, whose fence the section does not have",
					g.Coordinator, g.Epoch)})
			}
		}
	}
	slices.SortFunc(found, func(a, b limited) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.detail, b.detail))
	})
	return found
}

// excluded says that the grant's epoch did without the section.
func (l *limits) excluded(g *grant.Grant, no int) bool {
	return int(g.Coordinator) < len(l.claims) && l.claims[g.Coordinator].without[g.Epoch][uint32(no)]
}

// overLimit counts each buyer's seats in the order of grants.
func (l *limits) overLimit(lag section.Instant) (found []limited) {
	order := make([]*grantedHold, len(l.holds))
	for i := range l.holds {
		order[i] = &l.holds[i]
	}
	slices.SortFunc(order, func(a, b *grantedHold) int {
		return cmp.Or(
			slices.Compare(a.buyer[:], b.buyer[:]),
			cmp.Compare(a.Epoch, b.Epoch),
			cmp.Compare(a.Number, b.Number),
		)
	})
	var live []*grantedHold // the same buyer's, that had not ended
	for i, h := range order {
		if i > 0 && order[i-1].buyer != h.buyer {
			live = live[:0]
		}
		live = slices.DeleteFunc(live, func(b *grantedHold) bool {
			return b.ended != 0 && b.ended <= h.at+lag+clockSlack
		})
		seats := h.seats
		for _, b := range live {
			seats += b.left(h.at + lag + clockSlack)
		}
		if live = append(live, h); seats > h.Total {
			found = append(found, limited{h.section, h.seq, Limit, fmt.Sprintf(
				"G10: grant %d of epoch %d counts %d seats of its buyer, and the logs have %d by then",
				h.Number,
				h.Epoch,
				h.Total,
				seats,
			)})
		}
	}
	return found
}

// limits judges an event's grants once all its sections were read. What looks wrong in a source that is written
// meanwhile is looked at once more: an end or a fence may stand where the audit had been already.
func (r *run) limits(l *limits) error {
	lag := section.Instant(r.options.Lag.Milliseconds())
	var err error
	if l.claims, err = r.coordinators(l.event); err != nil {
		return err
	}
	found := l.judge(lag)
	if len(found) > 0 && r.freezer != nil {
		if err := r.lookForEnds(l); err != nil {
			return err
		}
		found = l.judge(lag)
	}
	for _, f := range append(found, l.unclaimed()...) {
		l.sections[f.section].add(f.seq, f.code, f.detail)
	}
	if l.plain > 0 && l.event.Coordinators == 0 {
		r.report.NotAudited = append(r.report.NotAudited, fmt.Sprintf(
			"event %v: %d holds carry no grant, for the event has no coordinators: a node alone made it, or an "+
				"earlier build. The limit on a buyer's seats and the use of keys over sections are not judged "+
				"(G10, G11)",
			l.event.ID, l.plain,
		))
	}
	return nil
}

// unclaimed finds fences of epochs that their coordinators never had.
func (l *limits) unclaimed() (found []limited) {
	for no := range l.sections {
		for g := range l.sections[no].granted {
			if int(g.Coordinator) >= len(l.claims) || g.Epoch > l.claims[g.Coordinator].epoch {
				found = append(found, limited{storage.SectionNo(no), 0, Limit, fmt.Sprintf(
					"G10: a fence of epoch %d of coordinator %d, which never claimed that epoch",
					g.Epoch,
					g.Coordinator,
				)})
			}
		}
	}
	return found
}

// lookForEnds learns which holds have ended since, and which fences stand by now.
func (r *run) lookForEnds(l *limits) error {
	if err := r.letGo(); err != nil {
		return err
	}
	if err := r.freeze(); err != nil {
		return err
	}
	for i := range l.sections {
		s, key := &l.sections[i], storage.SectionKey{Event: l.event.ID, Section: storage.SectionNo(i)}
		err := r.at.Read(r.ctx, key, 0, func(e *storage.Entry, _ storage.Hash) error {
			if e.Kind != storage.EntryChanges {
				return nil
			}
			return section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
				switch at, known := s.live[c.Booking]; {
				case c.Kind == section.GrantsFenced:
					s.granted[epochOf(&c.Grant)] = true
				case known && steps[c.Kind].frees:
					l.holds[at].ended = c.At
				case known:
					l.holds[at].giveBack(c)
				}
				return nil
			})
		})
		if s.whole && err != nil {
			return fmt.Errorf("audit: section %v: %w", key, err)
		}
	}
	return nil
}
