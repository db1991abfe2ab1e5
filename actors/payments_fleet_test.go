package actors

import (
	"math"
	"slices"
	"testing"

	"holdfast/actors/checkout"
	"holdfast/actors/checkout/pending"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/section"
	"holdfast/storage"
)

// payments is all that a node lists, page by page, each page asked of the next node.
func (f *fleet) payments(first, limit int, kind pending.Kind) (ids []BookingID, incomplete bool) {
	f.t.Helper()
	for q := (pending.Query{Event: f.event, Kind: kind, Limit: limit}); ; first++ {
		living := f.living()
		page, err := living[first%len(living)].e.Payments(f.t.Context(), q)
		if err != nil {
			f.t.Fatal(err)
		}
		for i := range page.Items {
			ids = append(ids, page.Items[i].Line.ID)
		}
		incomplete = incomplete || page.Incomplete
		if q.After = page.Next; page.Next == (BookingID{}) {
			return ids, incomplete
		}
	}
}

// owed is a booking in a section of each node, in order of section, of which a refund is due that the processor does
// not hear of.
func (f *fleet) owed(bank *countingBank) (ids []BookingID, owners []*fleetNode) {
	f.t.Helper()
	bank.refundsLost.Store(math.MaxInt32)
	for no := range storage.SectionNo(8) {
		owner := f.owner(no)
		if slices.Contains(owners, owner) {
			continue
		}
		who, asked := byte(no+1), f.nodes[(len(owners)+1)%len(f.nodes)]
		held, err := asked.hold(caller(who, 1), fleetSeat(int(no), 1))
		var out BookingView
		if err == nil {
			err = asked.e.Confirm(held.ID, caller(who, 2), "tok_ok", patience, &out)
		}
		if err == nil {
			err = asked.e.Refund(held.ID, Caller{Operator: true}, RefundCall{}, patience, &out)
		}
		if err != nil {
			f.t.Fatal(err)
		}
		ids, owners = append(ids, held.ID), append(owners, owner)
	}
	return ids, owners
}

// TestPaymentsAreListedAndRetriedOverNodes guards P6: any node lists, shows and retries what is open of every node's
// sections; pages may be asked of different nodes; a node that cannot be reached has the list called incomplete, never
// empty; and however many nodes are told to retry, the money goes back once.
func TestPaymentsAreListedAndRetriedOverNodes(t *testing.T) {
	var bank *countingBank
	f := newFleetWith(t, 3, fleetPlan, 8, func(c *Config) {
		if bank == nil {
			bank = &countingBank{Sandbox: c.Processor.(*sandbox.Sandbox)}
		}
		c.Processor = bank
	})
	ids, owners := f.owed(bank)
	if len(owners) != len(f.nodes) {
		t.Fatalf("%d of %d nodes have a section", len(owners), len(f.nodes))
	}
	owners[2].e.disputed(checkout.Dispute{Booking: ids[0], Attempt: 1}) // heard of by one node alone
	for first := range f.nodes {
		for _, limit := range []int{1, 100} {
			f.eventually("every node lists all of them", func() bool {
				got, incomplete := f.payments(first, limit, pending.RefundDue)
				return slices.Equal(got, ids) && !incomplete
			})
		}
		if got, _ := f.payments(first, 100, pending.Disputed); !slices.Equal(got, ids[:1]) {
			t.Errorf("node %d: disputed are %v", first, got)
		}
		for _, id := range ids {
			item, err := f.nodes[first].e.PaymentsOf(t.Context(), id)
			if err != nil || item.State != section.BookingConfirmed || item.Total != 4500 ||
				!slices.Contains(item.Kinds, pending.RefundDue) || len(item.Money.Refunds) != 1 {
				t.Errorf("node %d, booking %v: %v %+v", first, id, err, item)
			}
		}
	}
	f.cut(f.nodes[0], owners[slices.IndexFunc(owners, func(n *fleetNode) bool { return n != f.nodes[0] })])
	page, err := f.nodes[0].e.Payments(t.Context(), pending.Query{Event: f.event})
	if err != nil || !page.Incomplete {
		t.Errorf("a node is away: %v %+v", err, page)
	}
	for _, n := range f.nodes {
		if f.nodes[0] != n && !f.nodes[0].Up(n.id) {
			f.connect(f.nodes[0], n)
		}
	}
	bank.refundsLost.Store(0)
	for first := range f.nodes {
		for i, id := range ids {
			item, err := f.nodes[(first+i)%len(f.nodes)].e.RetryPayments(t.Context(), id)
			disputed := slices.Equal(item.Kinds, []pending.Kind{pending.Disputed})
			if err != nil || item.State != section.BookingRefunded || len(item.Kinds) > 0 && !disputed {
				t.Errorf("booking %v: %v %+v", id, err, item)
			}
		}
	}
	for _, id := range ids {
		if taken, back, _ := bank.total(t, id); taken != 4500 || back != 4500 {
			t.Errorf("P6: %d of %d went back", back, taken)
		}
	}
	for first := range f.nodes {
		f.eventually("nothing but the dispute is listed", func() bool {
			got, incomplete := f.payments(first, 1, "")
			return slices.Equal(got, ids[:1]) && !incomplete
		})
	}
}
