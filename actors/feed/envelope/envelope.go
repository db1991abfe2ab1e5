package envelope

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/section"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/order"
	"holdfast/actors/section/tariff"
	"holdfast/storage"
)

// Event is one change as all sinks tell it: the attributes of CloudEvents 1.0, extensions, and data.
type Event struct {
	SpecVersion     string `json:"specversion"`
	ID              string `json:"id"`
	Source          string `json:"source"`
	Type            string `json:"type"`
	Subject         string `json:"subject"` // the booking's id, or the section's
	Time            string `json:"time"`    // RFC 3339, UTC, milliseconds
	DataContentType string `json:"datacontenttype"`
	PartitionKey    string `json:"partitionkey,omitempty"` // event/section: the shard, within which there is an order
	Sequence        string `json:"sequence,omitempty"`     // the record's number in 20 digits
	Change          int    `json:"change"`                 // which of the record's changes, from 0
	Changes         int    `json:"changes"`                // how many the record has; at least 1
	Hash            string `json:"hash,omitempty"`         // the record's, in hex
	PreviousHash    string `json:"previoushash,omitempty"` // of the record before; zeros: it is the first
	Data            Data   `json:"data"`
}

// Data is what a change says. Fields that do not apply are absent.
type Data struct {
	Event     string  `json:"event,omitempty"`
	Section   string  `json:"section,omitempty"` // public id
	Booking   string  `json:"booking,omitempty"`
	Buyer     string  `json:"buyer,omitempty"` // pseudonym, in hex
	Seats     []Seats `json:"seats,omitempty"` // by section, the home's first
	Legs      []Leg   `json:"legs,omitempty"`  // of a booking over several sections
	Order     *Order  `json:"order,omitempty"` // of leg.*
	Total     *Amount `json:"total,omitempty"` // what the booking's seats cost
	Amount    *Amount `json:"amount,omitempty"`
	ExpiresAt string  `json:"expires_at,omitempty"`
	Attempt   uint8   `json:"attempt,omitempty"`
	Refund    uint32  `json:"refund,omitempty"`
	Reason    string  `json:"reason,omitempty"` // of booking.refund_due: Requested, Exchanged, or Anomaly
	Ticket    *Ticket `json:"ticket,omitempty"` // of ticket.*
	// Exchange, of booking.held and booking.exchanged: the booking whose seats are given up for these.
	Exchange *Exchange `json:"exchange,omitempty"`
	// Transfer is of booking.transfer_*. Seats are those that it is of, and Buyer is who has paid for the booking.
	Transfer *Transfer `json:"transfer,omitempty"`
	Epoch    uint64    `json:"epoch,omitempty"` // of section.claimed and section.released
	Kind     uint8     `json:"kind,omitempty"`  // of section.changed
	// TicketTypes are the types of tickets that the booking's seats were asked to be of; others are of the default one
	// of their category. Complimentary: the booking costs nothing.
	TicketTypes   []SeatType `json:"ticket_types,omitempty"`
	Complimentary bool       `json:"complimentary,omitempty"`
}

// SeatType is a seat's type of ticket.
type SeatType struct {
	Section string `json:"section"`
	Seat    string `json:"seat"`
	Type    string `json:"type"`
}

// Seats are seats of one section, by their public ids.
type Seats struct {
	Section string   `json:"section"`
	Seats   []string `json:"seats"`
}

// Leg is a part of a booking that lies in another section than its home.
type Leg struct {
	Section string `json:"section"`
	Leg     string `json:"leg"` // the id that leg.* of that section have as their subject
}

// Order says whose leg a leg is.
type Order struct {
	Home string `json:"home"` // the home's section, public id
	ID   string `json:"id"`
}

// Ticket is one that was let in, or issued anew.
type Ticket struct {
	Section  string `json:"section,omitempty"` // absent: nobody knows the booking's legs any more
	Seat     string `json:"seat,omitempty"`
	Rotation uint16 `json:"rotation"`             // of its code: how often it was issued anew
	Scanner  string `json:"scanner,omitempty"`    // the gate's name
	Offline  bool   `json:"offline,omitempty"`    // the scanner could not ask, and told so later
	At       string `json:"scanned_at,omitempty"` // by the scanner's clock
}

// Exchange says which seats are given up for others. Until booking.exchanged the booking has them.
type Exchange struct {
	Booking string  `json:"booking"`
	Gives   []Seats `json:"gives"`
	Credit  Amount  `json:"credit"` // what they count for
}

// Transfer is an offer of tickets to somebody else, and what became of it.
type Transfer struct {
	Number uint16 `json:"number"`         // within the booking, from 1
	From   string `json:"from,omitempty"` // of booking.transfer_offered: the pseudonym of who offers
	To     string `json:"to,omitempty"`   // of booking.transfer_accepted: the pseudonym of who has the tickets now
}

// Amount is money in minor units.
type Amount struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Record is what all changes of one record have in common.
type Record struct {
	Key        storage.SectionKey
	Kind       storage.EntryKind
	Seq        section.Seq
	Epoch      section.Epoch
	At         section.Instant
	Hash, Prev storage.Hash
	Changes    int // how many it has
}

// Placing is what a booking, or a leg, was placed with. None of it changes later.
type Placing struct {
	Booking section.BookingNo
	Buyer   section.BuyerID
	Seats   []section.SeatIndex // ascending, in its own section
	Priced  bool                // Total is known
	Total   int64               // minor units, of all its legs too
	Legs    []order.Leg         // nil: it has none
	Mark    tariff.Mark         // of the price list that it was placed under
	Fare    *tariff.Fare        // what of its price does not follow from the seats; nil: all does
}

// PlacingOf is what a change places; false: it places nothing. Total is of its own seats only.
func PlacingOf(c *section.Change) (*Placing, bool) {
	if c.Kind != section.HoldPlaced && c.Kind != section.LegBound {
		return nil, false
	}
	p := &Placing{Booking: c.Booking, Buyer: c.Buyer, Seats: append([]section.SeatIndex{}, c.Seats...),
		Priced: c.PriceMark != 0, Total: c.Total, Mark: c.PriceMark, Fare: c.Fare}
	if c.Order != nil {
		p.Legs = c.Order.Legs
	}
	return p, true
}

// Names are an event's, in public words.
type Names struct {
	Event    storage.EventID
	Currency string
	Sections []string   // by number
	Seats    [][]string // by section and index
	// Type is what a type of ticket is called by the list of a mark.
	Type func(mark tariff.Mark, no uint8) string
}

func (n *Names) section(no storage.SectionNo) string {
	if int(no) < len(n.Sections) {
		return n.Sections[no]
	}
	return fmt.Sprintf("#%d", no)
}

func (n *Names) seats(no storage.SectionNo, list []section.SeatIndex) Seats {
	s := Seats{Section: n.section(no), Seats: make([]string, 0, len(list))}
	for _, i := range list {
		if int(no) < len(n.Seats) && int(i) < len(n.Seats[no]) {
			s.Seats = append(s.Seats, n.Seats[no][i])
		}
	}
	return s
}

// Of tells change number i of a record. placing is that of its booking; nil: not known, or it has none. c is nil for a
// record without changes.
func Of(r *Record, i int, c *section.Change, placing *Placing, names *Names) Event {
	e := Event{SpecVersion: "1.0", ID: ID(r.Key, r.Seq, i), Source: "/v1/events/" + r.Key.Event.String(),
		Type: Changed, Subject: names.section(r.Key.Section), Time: clock(r.At), DataContentType: "application/json",
		PartitionKey: fmt.Sprintf("%v/%d", r.Key.Event, r.Key.Section), Sequence: fmt.Sprintf("%020d", r.Seq),
		Change: i, Changes: max(r.Changes, 1),
		Hash: hex.EncodeToString(r.Hash[:]), PreviousHash: hex.EncodeToString(r.Prev[:]),
		Data: Data{Event: r.Key.Event.String(), Section: names.section(r.Key.Section)}}
	if c == nil {
		e.Data.Epoch = uint64(r.Epoch)
		switch r.Kind {
		case storage.EntryClaim:
			e.Type = Claimed
		case storage.EntryReleased:
			e.Type = Released
		}
		return e
	}
	e.Type, e.Time = TypeOf(r.Key.Section, c), clock(c.At)
	e.Data.change(r.Key.Section, c, names)
	if c.Transfer != nil {
		e.Data.travelling(r.Key.Section, c, placing, names)
	}
	if c.Booking != 0 {
		e.Subject = booking.ID{Section: r.Key, No: c.Booking}.String()
		e.Data.Booking = e.Subject
	}
	if placing != nil {
		e.Data.placing(r.Key, c, placing, names)
	}
	if x := c.Exchange; x != nil {
		e.Data.Exchange = &Exchange{Booking: booking.ID{Section: r.Key, No: x.Of}.String(),
			Gives: []Seats{names.seats(r.Key.Section, x.Gives)}, Credit: Amount{x.Credit, names.Currency}}
	}
	if c.Entry != nil {
		e.Data.ticket(r.Key.Section, c.Entry, placing, names)
	}
	if c.Transfer != nil {
		e.Data.transfer(c)
	}
	if e.Type == Changed {
		e.Data.Kind = uint8(c.Kind)
	}
	return e
}

// change adds what the change itself says.
func (d *Data) change(no storage.SectionNo, c *section.Change, names *Names) {
	if len(c.Seats) > 0 {
		d.Seats = []Seats{names.seats(no, c.Seats)}
	}
	if c.ExpiresAt != 0 && c.Kind != section.LegBound {
		d.ExpiresAt = clock(c.ExpiresAt)
	}
	d.Attempt, d.Refund = c.Pay.Attempt, c.Pay.Refund
	if c.Kind == section.RefundDue {
		d.Reason = reasons[c.Pay.Reason]
	}
	if c.Pay.Amount != 0 {
		d.Amount = &Amount{c.Pay.Amount, names.Currency}
	}
	if p := c.Order; p != nil && refundOf(c.Kind) { // of single seats, some of which lie elsewhere
		for i := range p.Legs {
			d.Seats = append(d.Seats, names.seats(storage.SectionNo(p.Legs[i].Section), p.Legs[i].Seats))
		}
	} else if p != nil && c.Kind != section.HoldPlaced {
		d.Order = &Order{Home: names.section(storage.SectionNo(p.ID.Home)),
			ID: fmt.Sprintf("%d-%d-%d", p.ID.Home, p.ID.Life, p.ID.Count)}
	}
}

func refundOf(k section.ChangeKind) bool { return k >= section.RefundDue && k <= section.RefundFailed }

// transfer says which transfer a change is about, and who has the tickets by it.
func (d *Data) transfer(c *section.Change) {
	d.Transfer = &Transfer{Number: c.Transfer.No}
	switch {
	case c.Kind == section.TransferOffered:
		d.Transfer.From = hex.EncodeToString(c.Buyer[:])
	case c.Transfer.Accepted:
		d.Transfer.To = hex.EncodeToString(c.Buyer[:])
	}
}

// travelling says which seats' tickets are offered, or go to another.
func (d *Data) travelling(home storage.SectionNo, c *section.Change, p *Placing, names *Names) {
	seats := map[storage.SectionNo][]section.SeatIndex{}
	var order []storage.SectionNo
	for _, t := range c.Transfer.Tickets {
		no := home
		if t.Leg > 0 {
			if p == nil || int(t.Leg) > len(p.Legs) {
				continue
			}
			no = storage.SectionNo(p.Legs[t.Leg-1].Section)
		}
		if len(seats[no]) == 0 {
			order = append(order, no)
		}
		seats[no] = append(seats[no], t.Seat)
	}
	for _, no := range order {
		d.Seats = append(d.Seats, names.seats(no, seats[no]))
	}
}

// ticket says which ticket a change is about.
func (d *Data) ticket(no storage.SectionNo, w *entry.Word, p *Placing, names *Names) {
	d.Ticket = &Ticket{Rotation: w.Rotation, Scanner: w.Scanner, Offline: w.Offline}
	if w.At != 0 {
		d.Ticket.At = clock(w.At)
	}
	switch {
	case w.Leg == 0:
	case p != nil && int(w.Leg) <= len(p.Legs):
		no = storage.SectionNo(p.Legs[w.Leg-1].Section)
	default:
		return
	}
	if one := names.seats(no, []section.SeatIndex{w.Seat}); len(one.Seats) == 1 {
		d.Ticket.Section, d.Ticket.Seat = one.Section, one.Seats[0]
	}
}

// placing adds what is known of the booking, unless the change speaks of some of its seats.
func (d *Data) placing(key storage.SectionKey, c *section.Change, p *Placing, names *Names) {
	d.Buyer = hex.EncodeToString(p.Buyer[:])
	if p.Priced {
		d.Total = &Amount{p.Total, names.Currency}
	}
	if p.Fare != nil {
		d.fare(key.Section, p, names)
	}
	whole := len(d.Seats) == 0 && c.Entry == nil || c.Kind == section.HoldPlaced || c.Kind == section.LegBound
	if whole {
		d.Seats = []Seats{names.seats(key.Section, p.Seats)}
	}
	for i := range p.Legs {
		l := &p.Legs[i]
		no := storage.SectionNo(l.Section)
		if whole {
			d.Seats = append(d.Seats, names.seats(no, l.Seats))
		}
		at := booking.ID{Section: storage.SectionKey{Event: key.Event, Section: no}, No: section.BookingNo(l.Booking)}
		d.Legs = append(d.Legs, Leg{Section: names.section(no), Leg: at.String()})
	}
}

// fare adds what of a booking's price does not follow from its seats.
func (d *Data) fare(home storage.SectionNo, p *Placing, names *Names) {
	d.Complimentary = p.Fare.IsGift()
	for _, s := range p.Fare.Seats {
		no := home
		if s.Leg > 0 && int(s.Leg) <= len(p.Legs) {
			no = storage.SectionNo(p.Legs[s.Leg-1].Section)
		}
		if one := names.seats(no, []section.SeatIndex{s.Seat}); len(one.Seats) == 1 && names.Type != nil {
			d.TicketTypes = append(d.TicketTypes, SeatType{one.Section, one.Seats[0], names.Type(p.Mark, s.Type)})
		}
	}
}

func clock(at section.Instant) string {
	return time.UnixMilli(int64(at)).UTC().Format("2006-01-02T15:04:05.000Z")
}

// Append appends the event in JSON, as structured mode has it: the same event always in the same bytes.
func (e *Event) Append(dst []byte) []byte {
	body, err := json.Marshal(e)
	if err != nil { // texts and numbers only: it cannot fail
		panic(err)
	}
	return append(dst, body...)
}
