package schema

import "holdfast/actors/feed/envelope"

// kind is what events of one type say.
type kind struct {
	summary string
	always  []string // members of the data, besides event and section
	maybe   []string // where they apply, or are known
}

// Members that several types have.
var (
	ofBooking = []string{"buyer", "seats", "legs", "total", "ticket_types", "complimentary", "exchange"}
	ofMoney   = append([]string{"attempt", "amount", "expires_at"}, ofBooking...)
	ofRefund  = append([]string{"attempt", "amount"}, ofBooking...)
	ofTicket  = append([]string{"order"}, ofBooking...)
)

var booked = []string{"booking"}

func with(list []string, more ...string) []string {
	return append(append([]string{}, list...), more...)
}

// kinds are all types of events. One that is missing fails a test.
var kinds = map[string]kind{
	"booking.held": {"Seats are held for a buyer until expires_at.",
		with(booked, "buyer", "seats", "expires_at"),
		[]string{"legs", "total", "ticket_types", "complimentary", "exchange"}},
	"booking.extended":           {"A hold lasts longer.", with(booked, "expires_at"), ofBooking},
	"booking.released":           {"The buyer gave a hold back: its seats are free.", booked, ofBooking},
	"booking.expired":            {"A hold ended by time: its seats are free.", booked, ofBooking},
	"booking.payment_begun":      {"A payment was begun; the seats stay held.", with(booked, "attempt"), ofMoney},
	"booking.payment_challenged": {"The buyer's bank asks the buyer.", booked, ofMoney},
	"booking.payment_failed":     {"A payment failed; the hold goes on.", booked, ofMoney},
	"booking.confirmed":          {"The booking is paid, or free of charge: its seats are sold.", booked, ofMoney},
	"booking.refund_due": {"Money is to be given back, of all seats or of those in seats.",
		with(booked, "refund"), with(ofRefund, "reason")},
	"booking.refund_pending": {"The processor was told to give money back; the seats are free.", booked,
		with(ofRefund, "refund")},
	"booking.refunded":      {"Money was given back.", booked, with(ofRefund, "refund")},
	"booking.refund_failed": {"The processor could not give money back.", booked, with(ofRefund, "refund")},
	"booking.exchanged": {"Seats that an exchange held are the booking's that exchange names.", with(booked, "exchange"),
		ofMoney},
	"booking.settled": {"All sections have heard what became of a booking over several.", booked, ofTicket},
	"booking.served":  {"All sections have heard of a refund of single seats.", booked, ofTicket},
	"booking.transfer_offered": {"Tickets are offered to whoever has the link, until expires_at.",
		with(booked, "transfer"), with(ofBooking, "expires_at")},
	"booking.transfer_accepted": {"Tickets are another buyer's: their old codes are worth nothing.",
		with(booked, "transfer"), ofBooking},
	"booking.transfer_withdrawn": {"An offer of tickets was taken back.", with(booked, "transfer"), ofBooking},
	"leg.bound": {"Seats of this section belong to a booking whose home is another.",
		with(booked, "seats", "order"), []string{"buyer", "total", "ticket_types", "complimentary"}},
	"leg.sold":            {"A leg's seats are sold.", with(booked, "order"), ofBooking},
	"leg.freed":           {"A leg's seats are free.", with(booked, "order"), ofBooking},
	"leg.seats_freed":     {"Some of a leg's seats are free.", with(booked, "seats", "order"), ofBooking},
	"ticket.admitted":     {"A ticket was let in.", with(booked, "ticket"), ofTicket},
	"ticket.doubled":      {"A ticket was let in twice: scanners could not ask.", with(booked, "ticket"), ofTicket},
	"ticket.reissued":     {"A ticket has a new code; the old one is worth nothing.", with(booked, "ticket"), ofTicket},
	"seats.blocked":       {"Seats were taken out of the sale.", []string{"seats"}, nil},
	"seats.unblocked":     {"Seats are in the sale again.", []string{"seats"}, nil},
	"section.fenced":      {"A coordinator has a new life: older ones grant nothing here.", nil, nil},
	"section.terms_set":   {"The event's rules or times were edited.", nil, nil},
	"section.prices_set":  {"The event's prices were edited: holds go by them from here on.", nil, nil},
	"event.sale_opened":   {"The sale is open.", nil, nil},
	"event.sale_paused":   {"The sale is paused.", nil, nil},
	"event.sale_closed":   {"The sale is closed.", nil, nil},
	"event.cancelled":     {"The event is called off.", nil, nil},
	"section.sale_opened": {"The sale is open, in this section's log.", nil, nil},
	"section.sale_paused": {"The sale is paused, in this section's log.", nil, nil},
	"section.sale_closed": {"The sale is closed, in this section's log.", nil, nil},
	"section.cancelled":   {"The event is called off, in this section's log.", nil, nil},
	envelope.Claimed:      {"A node took the section over.", []string{"epoch"}, nil},
	envelope.Released:     {"A node gave the section up.", []string{"epoch"}, nil},
	envelope.Changed: {"A change of a kind that has no name here.", nil,
		[]string{"kind", "booking", "buyer", "seats", "legs", "order", "total", "amount", "expires_at", "attempt",
			"refund", "ticket", "ticket_types", "complimentary", "exchange"}},
}
