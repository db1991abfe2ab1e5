package problem

import (
	"holdfast/actors/section"
	"holdfast/api/wire"
)

// What tickets are refused with.
var (
	TicketUnknown    = define(404, "ticket_unknown", "There is no such ticket")
	TicketVoid       = define(410, "ticket_void", "The ticket was refunded, or issued anew")
	TicketForged     = define(422, "ticket_forged", "This is not the code of a ticket of this house")
	TicketOtherEvent = define(409, "ticket_other_event", "The ticket is another event's")
	alreadyAdmitted  = define(409, "already_admitted", "Somebody was let in with this ticket already")
)

// LinkUnknown refuses a text that is the link of no transfer.
var LinkUnknown = define(404, "transfer_unknown", "There is no such transfer")

// transferRefusals are what transfers are refused with.
var transferRefusals = map[section.Rejection]*Kind{
	section.TicketUnknown:     TicketUnknown,
	section.TicketVoid:        TicketVoid,
	section.AlreadyAdmitted:   alreadyAdmitted,
	section.TransferUnknown:   LinkUnknown,
	section.TransferForbidden: define(403, "transfer_forbidden", "Tickets of this event stay with who bought them"),
	section.TransferOwn: define(409, "transfer_own",
		"You offer these tickets yourself: send the link to somebody else"),
	section.TransferAccepted:  define(409, "transfer_accepted", "Somebody has accepted the tickets already"),
	section.TransferWithdrawn: define(409, "transfer_withdrawn", "The offer was withdrawn"),
	section.TransferExpired:   define(410, "transfer_expired", "The time of the offer is over"),
	section.TransferPending:   define(409, "transfer_pending", "Some of the tickets are on offer already"),
	section.NotHolder:         define(409, "ticket_transferred", "Some of the tickets are another buyer's"),
}

// entered says when and where a ticket was let in.
type entered struct {
	at      wire.OffsetTime
	scanner string
}

// Admitted refuses a ticket that is in.
func Admitted(at wire.OffsetTime, scanner string) *Problem {
	return &Problem{Kind: alreadyAdmitted, entered: &entered{at: at, scanner: scanner}}
}

// OfTicket refuses a ticket for a reason of the list above.
func OfTicket(kind *Kind) *Problem { return &Problem{Kind: kind} }

func (e *entered) append(dst []byte) []byte {
	dst = append(wire.AppendOffsetTime(append(dst, `,"admitted_at":"`...), e.at), '"')
	return wire.AppendString(append(dst, `,"scanner":`...), e.scanner)
}
