package audit_test

import (
	"testing"

	"holdfast/actors/audit"
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/storage"
)

// note writes into coordinator 0's log that a section is excluded, or readmitted.
func (h *house) note(x grant.Exclusion) {
	h.t.Helper()
	h.now += 1000
	x.At = h.now
	h.append(storage.CoordinatorNo, storage.EntryChanges, x.Append(nil, h.now))
}

func (h *house) exclude(no uint32) {
	h.t.Helper()
	h.note(grant.Exclusion{Section: no, First: true, Last: true,
		Shares: []grant.Share{{Buyer: section.BuyerID{2}, Seats: 2}}})
}

// TestExclusionsProveTheLimit (P13): an epoch that did without a closed section from its beginning needs no fence
// there.
func TestExclusionsProveTheLimit(t *testing.T) {
	h := newHouse(t)
	h.fence(0, 0, 1)
	h.hold(1, 2, 2, grant.Grant{Number: 1, Epoch: 1, Total: 2}, 1)
	h.exclude(1)
	h.fence(0, 0)
	h.hold(0, 2, 2, grant.Grant{Number: 1, Epoch: 2, Total: 4}, 2)
	expectNot(t, run(t, h.store))
	h.record(1, section.Change{Kind: section.GrantsFenced, Grant: grant.Grant{Number: 1, Epoch: 2}})
	h.note(grant.Exclusion{Section: 1, Readmitted: true})
	h.hold(1, 4, 4, grant.Grant{Number: 2, Epoch: 2, Total: 4}, 3)
	expectNot(t, run(t, h.store))
}

// TestBrokenExclusionsAreFound (P13): exclusions that do not show that no older epoch could go on.
func TestBrokenExclusionsAreFound(t *testing.T) {
	for _, c := range []struct {
		name  string
		write func(h *house)
		code  audit.Code
		says  string
	}{
		{"a section is excluded by an epoch that has no fence in it", func(h *house) {
			h.fence(0, 0)
			h.exclude(1)
		}, audit.Limit, "whose fence the section does not have"},
		{"a section is readmitted without a fence", func(h *house) {
			h.exclude(1)
			h.fence(0, 0)
			h.note(grant.Exclusion{Section: 1, Readmitted: true})
		}, audit.Limit, "whose fence the section does not have"},
		{"what is counted lacks what the closed section has", func(h *house) {
			h.exclude(1)
			h.fence(0, 0)
			h.hold(0, 2, 4, grant.Grant{Number: 1, Epoch: 2, Total: 4}, 9)
		}, audit.Limit, "counts 4 seats of its buyer, and the logs have 6"},
		{"a section is readmitted that was not excluded", func(h *house) {
			h.note(grant.Exclusion{Section: 1, Readmitted: true})
		}, audit.Damaged, "was not excluded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			h.fence(0, 0, 1)
			h.hold(1, 2, 2, grant.Grant{Number: 1, Epoch: 1, Total: 2}, 1)
			c.write(h)
			if c.code == audit.Limit {
				h.hold(0, 4, 1, grant.Grant{Number: 9, Epoch: 2, Total: 1}, 2)
			}
			expect(t, run(t, h.store), c.code, c.says)
		})
	}
}
