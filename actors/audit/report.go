package audit

import (
	"fmt"
	"slices"
	"time"

	"holdfast/actors/audit/reconcile"
	"holdfast/actors/section"
)

// Code names a kind of finding; stable, for machines.
type Code string

// The kinds of damage.
const (
	// Gap: a seq is missing or out of order.
	Gap Code = "gap"
	// Edited: an entry does not carry the hash of the one before, or not its own.
	Edited Code = "edited"
	// EpochBroken: an epoch fell, or rose without a claim or by more than one.
	EpochBroken Code = "epoch"
	// Damaged: the store itself found an entry or snapshot damaged, and says where.
	Damaged Code = "damaged"
	// Unreadable: an entry's body, a snapshot or a venue does not decode.
	Unreadable Code = "unreadable"
	// Overlap: a seat was given to somebody while another had it. The one thing that must never be (P1).
	Overlap Code = "overlap"
	// WrongChange: a change that the booking's state, the clock or the rules do not allow.
	WrongChange Code = "wrong_change"
	// StateDiffers: the core's replay and the ledger disagree.
	StateDiffers Code = "state_differs"
	// TicketMissing: a sold seat has no row in the tickets table.
	TicketMissing Code = "ticket_missing"
	// TicketStray: a row of the tickets table belongs to no sold seat, or to another booking.
	TicketStray Code = "ticket_stray"
	// SnapshotDiffers: a snapshot is not the state at its seq.
	SnapshotDiffers Code = "snapshot_differs"
	// Orphan: a log or a ticket of a section that no event has.
	Orphan Code = "orphan"
	// PaymentMissing: a booking was sold, and the processor has no charge for it (P6).
	PaymentMissing Code = "payment_missing"
	// PaymentStray: the processor has money of a booking that is not there, has ended, or waits for no money (P6).
	PaymentStray Code = "payment_stray"
	// PriceDiffers: a hold was logged with another total, or under another price list, than the event has (I12).
	PriceDiffers Code = "price_differs"
	// Barred: a hold, more time, a payment or a sale that the sale switch in the section's log does not allow.
	Barred Code = "barred"
	// NotCancelled: a cancelled event has somebody's seats or money left that is not owed back (P6).
	NotCancelled Code = "not_cancelled"
	// PaymentDiffers: a payment is of another amount, currency or reference than its booking's log has (I2, I12).
	PaymentDiffers Code = "payment_differs"
	// AttemptsLive: the processor has two payments of one booking that are not decided (I1).
	AttemptsLive Code = "attempts_live"
	// AttemptUnended: the log has an attempt as over, and the processor has not decided it (I3).
	AttemptUnended Code = "attempt_unended"
	// RefundMissing: the log has money as given back that the processor has kept (P6).
	RefundMissing Code = "refund_missing"
	// RefundStray: the processor has given back more than the log owes (I6).
	RefundStray Code = "refund_stray"
	// Lost: what was acknowledged is not there, by the word of somebody other than the store.
	Lost Code = "lost"
	// More: findings beyond FindingsMax were counted and not listed.
	More Code = "more"
)

// What a crash may leave half done, and no damage.
const (
	// ChargeUnderWay: charged, and the booking still paying. The next start confirms it.
	ChargeUnderWay Code = "charge_under_way"
	// RefundUnderWay: money is owed back and not given yet. Whoever sells goes on giving it, also after a restart.
	RefundUnderWay Code = "refund_under_way"
	// RefundFailed: money is owed back, and the processor has refused it for good: an operator retries it.
	RefundFailed Code = "refund_failed"
)

// Disputed: a buyer's bank asks for the money back. No log knows of it, and it is no damage.
const Disputed Code = "disputed"

// FindingsMax bounds the findings listed for one section: a broken log would otherwise fill the screen with one
// mistake.
const FindingsMax = 50

// Finding is one thing that does not add up. Seq is 0 when it is no single record's fault.
type Finding struct {
	Event   string      `json:"event"`
	Section string      `json:"section"`
	Seq     section.Seq `json:"seq"`
	Code    Code        `json:"code"`
	Detail  string      `json:"detail"`
}

func (f Finding) String() string {
	return fmt.Sprintf("event %s section %s record %d: %s: %s", f.Event, f.Section, f.Seq, f.Code, f.Detail)
}

// Bookings counts bookings by state: one over several sections once, in its home.
type Bookings struct {
	Held      uint64 `json:"held"`
	Paying    uint64 `json:"paying"`
	Confirmed uint64 `json:"confirmed"`
	Released  uint64 `json:"released"`
	Expired   uint64 `json:"expired"`
	Refunded  uint64 `json:"refunded"`
}

func (b *Bookings) count(state section.BookingState) {
	counters := [...]*uint64{
		section.BookingHeld: &b.Held, section.BookingPaying: &b.Paying, section.BookingConfirmed: &b.Confirmed,
		section.BookingReleased: &b.Released, section.BookingExpired: &b.Expired, section.BookingRefunded: &b.Refunded,
	}
	if int(state) < len(counters) && counters[state] != nil {
		*counters[state]++
	}
}

func (b *Bookings) add(other Bookings) {
	b.Held += other.Held
	b.Paying += other.Paying
	b.Confirmed += other.Confirmed
	b.Released += other.Released
	b.Expired += other.Expired
	b.Refunded += other.Refunded
}

// Totals add up a section, or an event. Seats == Free + Held + Sold + Blocked whenever there is no finding.
type Totals struct {
	Seats    uint64   `json:"seats"`
	Free     uint64   `json:"free"`
	Held     uint64   `json:"held"` // held or being paid
	Sold     uint64   `json:"sold"`
	Blocked  uint64   `json:"blocked"`
	Bookings Bookings `json:"bookings"`
	// HoldsByCatalog are those placed before the log had a turn of the sale switch; all others were decided by the log.
	HoldsByCatalog uint64 `json:"holds_by_catalog"`
	Records        uint64 `json:"records"`
	Changes        uint64 `json:"changes"`
	Bytes          uint64 `json:"bytes"` // of record bodies
	Claims         uint64 `json:"claims"`
}

func (t *Totals) add(other *Totals) {
	t.Seats += other.Seats
	t.Free += other.Free
	t.Held += other.Held
	t.Sold += other.Sold
	t.Blocked += other.Blocked
	t.Bookings.add(other.Bookings)
	t.Records += other.Records
	t.HoldsByCatalog += other.HoldsByCatalog
	t.Changes += other.Changes
	t.Bytes += other.Bytes
	t.Claims += other.Claims
}

// EventReport is one show's part of the report.
type EventReport struct {
	Event    string `json:"event"`
	Name     string `json:"name"`
	Sections int    `json:"sections"`
	Logs     int    `json:"logs"` // sections that have a log at all
	Totals
}

// PaymentTotals counts the processor's list as it was after the last section was looked at, and adds its money up.
type PaymentTotals struct {
	Checked  bool   `json:"checked"`  // false: no list was at hand, or it could not be read
	Charged  uint64 `json:"charged"`  // and not wholly given back
	Declined uint64 `json:"declined"` // or cancelled
	Refunded uint64 `json:"refunded"` // wholly
	Open     uint64 `json:"open"`     // not decided: most of them buyers who went away
	Foreign  uint64 `json:"foreign"`  // of the processor's account, and not Holdfast's
	// Unchecked are of sections whose logs break off, of events made meanwhile, or where the list had to be read again
	// and could not be.
	Unchecked uint64             `json:"unchecked"`
	Money     []reconcile.Totals `json:"money"` // by currency, in the order of events; P6 as a sum
}

func (t *PaymentTotals) count(p *Payment) {
	switch {
	case p.ID == "":
		t.Foreign++
	case p.Money() && p.Amount > 0 && p.Back() >= p.Amount, p.Status == PaymentRefunded:
		t.Refunded++
	case p.Money():
		t.Charged++
	case p.Status == PaymentDeclined:
		t.Declined++
	case p.Status == PaymentOpen:
		t.Open++
	}
}

// count adds a booking's money up.
func (r *Report) count(a *reconcile.Account) {
	all := r.Payments.Money
	at := slices.IndexFunc(all, func(t reconcile.Totals) bool { return t.Currency == a.Currency })
	if at < 0 {
		at = len(all)
		all = append(all, reconcile.Totals{})
	}
	all[at].Add(a)
	r.Payments.Money = all
}

// Report is what an audit found. It is clean when Findings is empty.
type Report struct {
	// Online: the source could be written meanwhile, and each section was looked at in one instant, none of them outside
	// From and To. They are by this machine's clock; zero when no section was looked at or the source was quiet.
	Online bool      `json:"online"`
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero"`

	Events   []EventReport `json:"events"`
	Payments PaymentTotals `json:"payments"`
	UnderWay []Finding     `json:"under_way"` // what a crash left half done, or waits for the processor: no damage
	Disputes []Finding     `json:"disputes,omitempty"`
	Findings []Finding     `json:"findings"`

	// NotAudited says what of waiting rooms no log can show, or nothing was at hand to show.
	NotAudited []string `json:"not_audited,omitempty"`
}

// Clean tells whether nothing was found. What is under way is no finding: a crash at the wrong moment leaves it in good
// order.
func (r *Report) Clean() bool { return len(r.Findings) == 0 }

// notes are one section's lines in the report, bounded by FindingsMax.
type notes struct {
	report *Report
	show   string // the event
	name   string // the section
	found  int
}

func (n *notes) add(seq section.Seq, code Code, detail string) {
	n.found++
	switch {
	case n.found == FindingsMax+1:
		code, detail = More, "more findings in this section were counted and not listed"
	case n.found > FindingsMax:
		return
	}
	n.report.Findings = append(
		n.report.Findings, Finding{Event: n.show, Section: n.name, Seq: seq, Code: code, Detail: detail},
	)
}

func (n *notes) disputed(detail string) {
	if len(n.report.Disputes) < disputesMax {
		n.report.Disputes = append(n.report.Disputes, Finding{Event: n.show, Section: n.name, Code: Disputed,
			Detail: detail})
	}
}

// disputesMax bounds the disputes listed; their money is in the totals.
const disputesMax = 1000

func (n *notes) underWay(code Code, detail string) {
	n.report.UnderWay = append(n.report.UnderWay, Finding{Event: n.show, Section: n.name, Code: code, Detail: detail})
}
