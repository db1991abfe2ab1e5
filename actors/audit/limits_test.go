package audit_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/audit"
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// house is a coordinated event of two sections, whose logs a test writes as it likes. The buyers of even numbers are
// coordinator 0's, those of odd numbers coordinator 1's; each may have 4 seats.
type house struct {
	t     *testing.T
	store storage.Store
	event *storage.Event
	tails map[storage.SectionNo]storage.Tail
	last  map[storage.SectionNo]section.BookingNo
	now   section.Instant
}

func newHouse(t *testing.T) *house {
	t.Helper()
	plan, err := venue.Parse([]byte(`{"sections":[{"id":"A","rows":[{"label":"1","seats":20}]},
		{"id":"B","rows":[{"label":"1","seats":20}]}]}`), venue.Options{Name: "Hall"})
	if err != nil {
		t.Fatal(err)
	}
	limited := rules
	limited.SeatsPerBuyerMax = 4
	h := &house{t: t, store: memstore.New(), now: day, tails: map[storage.SectionNo]storage.Tail{},
		last: map[storage.SectionNo]section.BookingNo{}, event: &storage.Event{
			ID: storage.NewEventID(), Name: "Night", Currency: "EUR", Sale: storage.SaleOpen, Rules: limited,
			Coordinators: 2, Sections: []storage.SectionInfo{{ID: "A", Seats: 20}, {ID: "B", Seats: 20}},
		}}
	if err := h.store.CreateEvent(t.Context(), h.event, plan.Encode()); err != nil {
		t.Fatal(err)
	}
	h.claim(0)
	h.claim(1)
	return h
}

func (h *house) append(no storage.SectionNo, kind storage.EntryKind, body []byte) {
	h.t.Helper()
	tail := h.tails[no]
	e := storage.Entry{Kind: kind, Seq: tail.Seq + 1, Epoch: tail.Epoch, Batch: storage.NewBatchID(), At: h.now,
		Prev: tail.Hash, Body: body}
	if kind == storage.EntryClaim {
		e.Epoch++
	}
	key := storage.SectionKey{Event: h.event.ID, Section: no}
	if err := h.store.Commit(h.t.Context(), []storage.Append{{Section: key, Entry: e}})[0]; err != nil {
		h.t.Fatal(err)
	}
	h.tails[no] = e.After(storage.HashEntry(&e))
}

func (h *house) claim(no storage.SectionNo) { h.append(no, storage.EntryClaim, []byte("test")) }

// record writes one change of a section, 10 s after the one before.
func (h *house) record(no storage.SectionNo, c section.Change) {
	h.t.Helper()
	h.now += 10_000
	c.At = h.now
	h.append(no, storage.EntryChanges, section.AppendChange(nil, h.now, &c))
}

// fence claims a coordinator's next epoch, and fences the sections.
func (h *house) fence(coordinator uint8, sections ...storage.SectionNo) (epoch section.Epoch) {
	h.t.Helper()
	no := storage.CoordinatorNo + storage.SectionNo(coordinator)
	h.claim(no)
	epoch = h.tails[no].Epoch
	for _, at := range sections {
		h.record(at, section.Change{Kind: section.GrantsFenced,
			Grant: grant.Grant{Number: 1, Epoch: epoch, Coordinator: coordinator}})
	}
	return epoch
}

// hold places one of so many seats, and gives its number.
func (h *house) hold(no storage.SectionNo, buyer byte, seats int, g grant.Grant, request byte) section.BookingNo {
	h.t.Helper()
	h.last[no]++
	booking := h.last[no]
	c := section.Change{Kind: section.HoldPlaced, Booking: booking, Buyer: section.BuyerID{buyer}, Grant: g,
		ExpiresAt: h.now + 500_000}
	if request != 0 {
		c.Request = section.RequestID{request}
	}
	for i := range seats {
		c.Seats = append(c.Seats, section.SeatIndex(4*int(booking-1)+i))
	}
	h.record(no, c)
	return booking
}

func (h *house) release(no storage.SectionNo, booking section.BookingNo) {
	h.t.Helper()
	h.record(no, section.Change{Kind: section.HoldReleased, Booking: booking})
}

// TestGrantsProveTheLimit (P13, P5): an evening with two coordinators, one of which moves, is clean.
func TestGrantsProveTheLimit(t *testing.T) {
	h := newHouse(t)
	h.fence(0, 0, 1)
	h.fence(1, 0, 1)
	first := h.hold(0, 2, 3, grant.Grant{Number: 1, Epoch: 1, Total: 3}, 1)
	h.hold(1, 2, 1, grant.Grant{Number: 2, Epoch: 1, Total: 4}, 2)
	h.hold(1, 3, 2, grant.Grant{Number: 1, Epoch: 1, Total: 2, Coordinator: 1}, 3)
	h.release(0, first)
	h.hold(1, 2, 3, grant.Grant{Number: 7, Epoch: 1, Total: 4}, 4)
	h.fence(0, 0, 1)
	h.hold(0, 4, 4, grant.Grant{Number: 1, Epoch: 2, Total: 4}, 5)
	h.hold(0, 4, 2, grant.Grant{Number: 2, Epoch: 2, Total: 6, Unbound: true}, 6)
	for no := range storage.SectionNo(2) { // one call of an operator's
		h.record(no, section.Change{Kind: section.SeatsBlocked, Seats: []section.SeatIndex{19}, Fingerprint: 1,
			Request: section.RequestID{7}})
	}
	report := run(t, h.store)
	for _, f := range report.Findings {
		t.Error(f)
	}
	if len(report.NotAudited) != 0 {
		t.Errorf("not audited: %v", report.NotAudited)
	}
}

// brokenLimits are logs that no coordinators as they should be would have written.
var brokenLimits = []struct {
	name  string
	write func(h *house)
	code  audit.Code
	says  string
}{
	{"a coordinator that skips its fences", func(h *house) {
		h.fence(0, 0, 1)
		h.hold(0, 2, 4, grant.Grant{Number: 1, Epoch: 1, Total: 4}, 1)
		h.fence(0, 1)
		h.hold(1, 2, 4, grant.Grant{Number: 1, Epoch: 2, Total: 4}, 2)
	}, audit.Limit, "whose fence the section does not have"},
	{"a coordinator that does not count what its fence found", func(h *house) {
		h.fence(0, 0, 1)
		h.hold(0, 2, 4, grant.Grant{Number: 1, Epoch: 1, Total: 4}, 1)
		h.fence(0, 0, 1)
		h.hold(1, 2, 4, grant.Grant{Number: 1, Epoch: 2, Total: 4}, 2)
	}, audit.Limit, "counts 4 seats of its buyer, and the logs have 8"},
	{"a section that takes an older epoch", func(h *house) {
		h.fence(0, 0, 1)
		h.fence(0, 0, 1)
		h.hold(0, 2, 4, grant.Grant{Number: 1, Epoch: 1, Total: 4}, 1)
	}, audit.Limit, "behind the fence"},
	{"a total over the limit", func(h *house) {
		h.fence(0, 0, 1)
		h.hold(0, 2, 4, grant.Grant{Number: 1, Epoch: 1, Total: 4}, 1)
		h.hold(1, 2, 1, grant.Grant{Number: 2, Epoch: 1, Total: 5}, 2)
	}, audit.Limit, "gives its buyer 5 seats, 4 are allowed"},
	{"seats given back before their end", func(h *house) {
		h.fence(0, 0, 1)
		first := h.hold(0, 2, 4, grant.Grant{Number: 1, Epoch: 1, Total: 4}, 1)
		h.hold(1, 2, 2, grant.Grant{Number: 2, Epoch: 1, Total: 2}, 2)
		h.release(0, first)
	}, audit.Limit, "counts 2 seats of its buyer, and the logs have 6"},
	{"one grant for two holds", func(h *house) {
		h.fence(0, 0, 1)
		h.hold(0, 2, 1, grant.Grant{Number: 1, Epoch: 1, Total: 2}, 1)
		h.hold(1, 2, 1, grant.Grant{Number: 1, Epoch: 1, Total: 2}, 2)
	}, audit.Limit, "stands in record"},
	{"another buyer's coordinator", func(h *house) {
		h.fence(0, 0, 1)
		h.hold(0, 3, 1, grant.Grant{Number: 1, Epoch: 1, Total: 1}, 1)
	}, audit.Limit, "not the buyer's"},
	{"a hold without a grant", func(h *house) { h.hold(0, 2, 1, grant.Grant{}, 1) }, audit.Limit, "without a grant"},
	{"an epoch that nobody claimed", func(h *house) {
		h.fence(0, 0, 1)
		h.record(0, section.Change{Kind: section.GrantsFenced, Grant: grant.Grant{Number: 1, Epoch: 9}})
	}, audit.Limit, "never claimed"},
	{"a fence that falls", func(h *house) {
		h.fence(0, 0, 1)
		h.fence(0, 0, 1)
		h.record(0, section.Change{Kind: section.GrantsFenced, Grant: grant.Grant{Number: 1, Epoch: 1}})
	}, audit.Limit, "falls"},
	{"one key done twice", func(h *house) {
		h.fence(0, 0, 1)
		h.hold(0, 2, 1, grant.Grant{Number: 1, Epoch: 1, Total: 1}, 1)
		h.hold(1, 2, 1, grant.Grant{Number: 2, Epoch: 1, Total: 2}, 1)
	}, audit.Key, "G11: the request's key was used in record 3 of section A too"},
	{"one key for a hold and for a release in another section", func(h *house) {
		h.fence(0, 0, 1)
		first := h.hold(0, 2, 1, grant.Grant{Number: 1, Epoch: 1, Total: 1}, 1)
		h.hold(1, 2, 1, grant.Grant{Number: 2, Epoch: 1, Total: 2}, 2)
		h.record(0, section.Change{Kind: section.HoldReleased, Booking: first, Request: section.RequestID{2}})
	}, audit.Key, "used in record 4 of section A too"},
	{"one key for two operators' calls in two sections", func(h *house) {
		h.record(0, section.Change{Kind: section.SeatsBlocked, Seats: []section.SeatIndex{1}, Fingerprint: 1,
			Request: section.RequestID{1}})
		h.record(1, section.Change{Kind: section.SeatsBlocked, Seats: []section.SeatIndex{1}, Fingerprint: 2,
			Request: section.RequestID{1}})
	}, audit.Key, "used in record"},
}

// TestBrokenLimitsAreFound (P13, P5): whatever breaks the proof of the limit or of a key's one outcome is named.
func TestBrokenLimitsAreFound(t *testing.T) {
	for _, c := range brokenLimits {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			c.write(h)
			expect(t, run(t, h.store), c.code, c.says)
		})
	}
}

// TestOlderEventsAreNotJudged: holds of earlier builds carry nothing to judge them by, and the audit says so (P10).
func TestOlderEventsAreNotJudged(t *testing.T) {
	s := newScene(t)
	s.story()
	report := run(t, s.store)
	if !report.Clean() || len(report.NotAudited) != 1 ||
		!strings.Contains(report.NotAudited[0], "6 holds carry no grant") {
		t.Errorf("findings %v, not audited %v", report.Findings, report.NotAudited)
	}
}

// TestCoordinatorsLogsAreAudited (P10): a coordinator's log that is damaged is found, and one that is whole is no
// orphan.
func TestCoordinatorsLogsAreAudited(t *testing.T) {
	h := newHouse(t)
	h.fence(0, 0, 1)
	h.append(storage.CoordinatorNo, storage.EntryReleased, nil)
	expectNot(t, run(t, h.store))
	stray := storage.CoordinatorNo + storage.SectionNo(h.event.Coordinators)
	h.claim(stray)
	expect(t, run(t, h.store), audit.Orphan, "no section")
}

// TestEndsAreLookedForAgain: a hold that ends between the readings of two sections is no finding (P13).
func TestEndsAreLookedForAgain(t *testing.T) { synctest.Test(t, endsAreLookedForAgain) }

func endsAreLookedForAgain(t *testing.T) {
	h := newHouse(t)
	h.fence(0, 0, 1)
	first := h.hold(0, 2, 4, grant.Grant{Number: 1, Epoch: 1, Total: 4}, 1)
	done := 0
	report, err := audit.Run(t.Context(), h.store, audit.Options{Progress: func(int, int) {
		if done++; done == 1 { // the first section has been read
			h.release(0, first)
			h.hold(1, 2, 4, grant.Grant{Number: 2, Epoch: 1, Total: 4}, 2)
			<-time.After(time.Minute) // the second is read in another instant
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	expectNot(t, report)
}
