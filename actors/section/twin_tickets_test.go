package section

import (
	"slices"

	"pgregory.net/rapid"

	"holdfast/actors/section/entry"
)

// twinPass is what the twin knows of a ticket that somebody came with.
type twinPass struct {
	rotation uint16
	scans    []entry.Double // all that let it in, as they were logged
}

// first is the scan that let the ticket in rightly: the earliest, and of those the one that was logged first.
func (p *twinPass) first() (at int) {
	for i, scan := range p.scans {
		if scan.At < p.scans[at].At {
			at = i
		}
	}
	return at
}

// drawTicket scans a ticket now and then, mostly one that is there, and sometimes tells of it late.
func drawTicket(t *rapid.T, model *twin, c *Command) {
	if rapid.IntRange(0, 5).Draw(t, "ticket") > 0 {
		return
	}
	kind := rapid.SampledFrom([]CommandKind{AdmitTicket, AdmitTicket, AdmitTicket, ReissueTicket}).Draw(t, "of")
	w := &entry.Word{Scanner: rapid.SampledFrom([]string{"north", "south"}).Draw(t, "scanner")}
	*c = Command{Kind: kind, At: c.At, Operator: rapid.IntRange(0, 9).Draw(t, "operator") > 0, Booking: c.Booking,
		Request: c.Request, Fingerprint: c.Fingerprint, Grant: c.Grant, Entry: w}
	if b := model.bookings[c.Booking]; b != nil && rapid.IntRange(0, 3).Draw(t, "stray") > 0 {
		w.Seat = rapid.SampledFrom(b.seats).Draw(t, "seat")
		if p := b.passes[w.Seat]; p != nil {
			w.Rotation = p.rotation
		}
	} else {
		w.Leg, w.Seat = uint8(rapid.IntRange(0, 1).Draw(t, "leg")), SeatIndex(rapid.IntRange(0, 40).Draw(t, "seat"))
		w.Rotation = uint16(rapid.IntRange(0, 2).Draw(t, "rotation"))
	}
	w.Offline = kind == AdmitTicket && rapid.Bool().Draw(t, "offline")
	if kind == AdmitTicket && (w.Offline || rapid.Bool().Draw(t, "says when")) {
		w.At = c.At - Instant(rapid.IntRange(-3, 9).Draw(t, "ago"))
	}
}

// scan is what a command says that a scanner did.
func scanOf(c *Command) entry.Double {
	at := c.At
	if c.Entry.At > 0 {
		at = min(at, c.Entry.At)
	}
	return entry.Double{At: at, Scanner: c.Entry.Scanner}
}

// judgeTicket judges a ticket by its story.
func (t *twin) judgeTicket(c *Command) (r Rejection, repeat bool) {
	b := t.bookings[c.Booking]
	if b == nil || !c.Operator {
		return BookingUnknown, false
	}
	seat, mine, gone, owed := c.Entry.Seat, slices.Contains(b.seats, c.Entry.Seat), false, false
	for _, k := range b.refunds {
		if !k.anomaly && slices.Contains(k.seats, seat) {
			gone, owed = true, owed || !k.back && !k.replaced
		}
	}
	p := b.passes[seat]
	if p == nil {
		p = new(twinPass)
	}
	switch {
	case c.Entry.Leg > 0 || !mine && !gone && !t.gave(c.Booking, seat):
		return TicketUnknown, false
	case !mine || owed || b.state != BookingConfirmed || p.rotation != c.Entry.Rotation:
		return TicketVoid, false
	case len(p.scans) == 0:
		return Accepted, false
	case c.Kind == AdmitTicket && c.Entry.Offline && slices.Contains(p.scans, scanOf(c)):
		return Accepted, true
	case c.Kind == AdmitTicket && c.Entry.Offline && len(p.scans) <= entry.DoublesMax:
		return Accepted, false
	}
	return AlreadyAdmitted, false
}

func (b *twinBooking) acceptTicket(c *Command) {
	if b.passes == nil {
		b.passes = map[SeatIndex]*twinPass{}
	}
	p := b.passes[c.Entry.Seat]
	if p == nil {
		p = new(twinPass)
		b.passes[c.Entry.Seat] = p
	}
	if c.Kind == ReissueTicket {
		p.rotation++
		return
	}
	p.scans = append(p.scans, scanOf(c))
}

// comparePasses holds what is told of a booking's tickets against the twin.
func comparePasses(t *rapid.T, no BookingNo, got []entry.Pass, b *twinBooking) {
	if len(got) != len(b.passes) {
		t.Fatalf("booking %d has passes %+v, the twin %+v", no, got, b.passes)
	}
	for i := range got {
		p, want := &got[i], b.passes[got[i].Seat]
		if want == nil || p.Leg != 0 || p.Rotation != want.rotation || p.Admitted != (len(want.scans) > 0) {
			t.Fatalf("booking %d has the pass %+v, the twin %+v", no, *p, want)
		}
		if !p.Admitted {
			continue
		}
		first := want.scans[want.first()]
		told := append(slices.Clone(p.Doubles), entry.Double{At: p.At, Scanner: p.Scanner})
		if told[len(told)-1] != first || len(told) != len(want.scans) ||
			slices.ContainsFunc(want.scans, func(d entry.Double) bool { return !slices.Contains(told, d) }) {
			t.Fatalf("booking %d has the pass %+v, the twin was told of %+v", no, *p, want.scans)
		}
	}
}

// validOf counts the seats whose codes open doors, by the twin.
func (b *twinBooking) validOf() (n int) {
	for _, seat := range b.seats {
		owed := slices.ContainsFunc(b.refunds, func(k twinRefund) bool {
			return !k.anomaly && !k.back && !k.replaced && slices.Contains(k.seats, seat)
		})
		if b.state == BookingConfirmed && !owed {
			n++
		}
	}
	return n
}

// compareValid holds the list of valid tickets, which scanners take with them, against the twin.
func compareValid(t *rapid.T, s *State, model *twin) {
	counts := map[BookingNo]int{}
	s.ValidTickets(0, func(no BookingNo, _ *entry.Pass) bool {
		counts[no]++
		return true
	})
	for no, b := range model.bookings {
		if counts[no] != b.validOf() {
			t.Fatalf("booking %d has %d valid tickets, the twin says %d", no, counts[no], b.validOf())
		}
	}
}
