package problem

import "holdfast/api/wire"

// What tickets are refused with.
var (
	TicketUnknown    = define(404, "ticket_unknown", "There is no such ticket")
	TicketVoid       = define(410, "ticket_void", "The ticket was refunded, or issued anew")
	TicketForged     = define(422, "ticket_forged", "This is not the code of a ticket of this house")
	TicketOtherEvent = define(409, "ticket_other_event", "The ticket is another event's")
	alreadyAdmitted  = define(409, "already_admitted", "Somebody was let in with this ticket already")
)

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
