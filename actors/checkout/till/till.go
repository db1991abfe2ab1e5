// Package till brings a booking and its money together: it asks the processor what the booking's log leaves open, and
// tells the section what the processor says. It is the only room that knows both, and keeps nothing that a crash could
// take: whoever comes later, on this node or another, reads the log and goes on.
//
//	           the log says         the processor is asked      and its word is told to the section
//	confirm ─▶ held                 Open
//	           BeginPayment(reference) is durable
//	           paying, opened       Charge, with the token ─┬─ captured ──▶ ConfirmPayment
//	                                                        ├─ declined ──▶ FailPayment
//	                                                        ├─ challenge ─▶ ChallengePayment, with its deadline
//	                                                        └─ no answer ─▶ nothing: Settle asks
//	Settle ──▶ paying, opened       Lookup ── opened: nobody has charged, and the token is gone ──▶ Cancel
//	           paying, challenge    Lookup ─┬─ opened: passed ──▶ Charge, without a token
//	                                        └─ challenge, and its time is over ──▶ Cancel
//	           refund due           Refund        ─┬─ pending, refunded ──▶ SettleRefund: seats are on sale again
//	           refund pending       LookupRefund  ─┘  failed ──▶ SettleRefund: due again, under a new id
//
// A booking leaves `paying` by the processor's last word only: captured, declined, or cancelled (P6). A cancelled
// payment never takes money, so a late charge of it finds itself cancelled; that is why no attempt has to be watched
// once it is over. What a processor takes against its own word is told by its list or a webhook: the section then owes
// it back.
//
// Everything here may be done twice, by two nodes at once, and in any order: the section takes one word on one attempt,
// and the processor's calls are idempotent.
package till

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"

	"holdfast/actors/booking"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
)

// Booking is one as its section's log has it.
type Booking struct {
	ID       booking.ID
	State    section.BookingState
	Money    account.Money // the zero value: it never paid
	Total    int64         // what its seats cost, in minor units
	Currency string
}

// Section is the truth of bookings. Its methods honour ctx; an error says that nobody knows what became of the call,
// but for ErrUnknown.
type Section interface {
	Read(ctx context.Context, id booking.ID) (Booking, error)
	// Tell has the section judge a command about a booking, as the till's own.
	Tell(ctx context.Context, id booking.ID, c section.Command) (section.Rejection, error)
}

// ErrUnknown says that there is no such booking.
var ErrUnknown = errors.New("till: no such booking")

// Till settles bookings. All methods are safe for concurrent use.
type Till struct {
	Processor processor.Processor
	Section   Section
	Now       func() section.Instant
	// Busy says that a call of this process is about to charge a booking's attempt: its token is not gone. nil: never.
	Busy func(booking.ID) bool
	// Return is where the processor sends a buyer after a challenge. nil: nowhere.
	Return func(booking.ID) string
	// Report hears of what people have to know. nil: nobody does.
	Report func(Incident)

	mu   sync.Mutex
	next map[processor.AttemptID]processor.Next
}

// Incident is something that should not have happened.
type Incident struct {
	Kind    IncidentKind
	Booking booking.ID
	Attempt uint8
	Refund  uint32
	Amount  int64
}

// IncidentKind says what.
type IncidentKind uint8

// The kinds of incidents.
const (
	// StrayMoney: the processor took money for an attempt that is not the booking's. The log owes it back.
	StrayMoney IncidentKind = iota + 1
	// OtherAmount: the processor took another amount than the attempt's.
	OtherAmount
	// RefundFailed: the processor did not give money back.
	RefundFailed
)

var incidentNames = [...]string{"", "stray_money", "other_amount", "refund_failed"}

func (k IncidentKind) String() string { return incidentNames[k] }

// Left is what is still open of a booking.
type Left struct {
	Payment bool // the processor is to be asked about an attempt
	Refund  bool // about refunds that are due
	Slow    bool // about refunds that take their time
	Stuck   bool // a refund has failed for good: an operator is to try it anew
	// Rest are hints that are still to be looked at: the processor has not answered about them.
	Rest     uint64
	Answered bool   // the processor has answered about something
	Silent   bool   // it has not about something else
	Why      string // it stands, for operators
}

// Any says that something is.
func (l Left) Any() bool { return l.Payment || l.Refund || l.Slow || l.Stuck || l.Rest != 0 }

// AttemptID names a booking's attempt to the processor. What a build without attempts began goes by the booking's id.
func AttemptID(b *Booking, number uint8) processor.AttemptID {
	var text [attemptTextMax]byte
	dst := booking.AppendID(text[:0], b.ID)
	if !b.Money.Legacy || number != b.Money.Attempt {
		dst = strconv.AppendUint(append(dst, '-'), uint64(number), 10)
	}
	return processor.AttemptID(dst)
}

// attemptTextMax is enough for a booking's id and the number of an attempt.
const attemptTextMax = 64

// ParseAttempt reads what AttemptID wrote; number 0 is what a build without attempts began.
func ParseAttempt(a processor.AttemptID) (id booking.ID, number uint8, ok bool) {
	text := string(a)
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] != '-' {
			continue
		}
		n, err := strconv.ParseUint(text[i+1:], 10, 8)
		id, ok = booking.ParseID([]byte(text[:i]))
		return id, uint8(n), ok && err == nil && n > 0
	}
	id, ok = booking.ParseID([]byte(text))
	return id, 0, ok
}

// RefundID names a booking's refund to the processor.
func RefundID(id booking.ID, number uint32) processor.RefundID {
	return processor.RefundID(id.String() + "-r" + strconv.FormatUint(uint64(number), 10))
}

// Open makes a payment that takes no money yet, for the booking's next attempt. A total of 0 never meets the processor.
func (t *Till) Open(ctx context.Context, b *Booking, number uint8) (account.Payment, error) {
	p := account.Payment{Attempt: number, Amount: b.Total}
	if b.Total == 0 {
		return p, nil
	}
	a := AttemptID(b, number)
	id, _, _ := strings.Cut(string(a), "-") // which stands in an id for nothing else
	ref, err := t.Processor.Open(ctx, processor.Opening{Attempt: a, Booking: id, Amount: b.Total,
		Currency: b.Currency})
	p.Reference = string(ref)
	return p, err
}

// Charge takes the money of a booking that is paying by the log, with the buyer's token, and tells the section what
// came of it. The processor's last word, if there was one, is captured, declined or cancelled; else the status says
// that the booking is still paying. An error means that the word could not be told: Settle brings it.
func (t *Till) Charge(ctx context.Context, b *Booking, token string) (processor.Status, error) {
	if b.Money.Amount == 0 && !b.Money.Legacy {
		return processor.Captured, t.tell(ctx, b, section.ConfirmPayment, account.NoReason)
	}
	if b.Money.Phase == account.Challenge {
		return processor.Challenge, nil // whatever token comes now, the buyer is asked by the first one's bank
	}
	ref, err := t.reference(ctx, b)
	if err != nil {
		return processor.Unknown, nil
	}
	answer, err := t.Processor.Charge(ctx, t.charge(b, ref, token))
	if err != nil || answer.Status == processor.Opened {
		return processor.Unknown, nil
	}
	return t.heed(ctx, b, ref, answer)
}

func (t *Till) charge(b *Booking, ref processor.Reference, token string) processor.Charge {
	c := processor.Charge{Attempt: AttemptID(b, b.Money.Attempt), Reference: ref, Token: token}
	if t.Return != nil {
		c.Return = t.Return(b.ID)
	}
	return c
}

// reference is the processor's for the booking's last attempt. One that a build without attempts began may never have
// reached the processor: it is opened then, so that it can be cancelled.
func (t *Till) reference(ctx context.Context, b *Booking) (processor.Reference, error) {
	if !b.Money.Legacy {
		return processor.Reference(b.Money.Reference()), nil
	}
	return t.Processor.Open(ctx, processor.Opening{Attempt: AttemptID(b, b.Money.Attempt), Booking: b.ID.String(),
		Amount: b.Total, Currency: b.Currency})
}

// wordsMax bounds how often a processor changes its mind within one call.
const wordsMax = 4

// heed does what the processor's word on the open attempt asks for, until the word is told or there is none.
func (t *Till) heed(
	ctx context.Context, b *Booking, ref processor.Reference, answer processor.Answer,
) (processor.Status, error) {
	for range wordsMax {
		var err error
		next := answer
		switch answer.Status {
		case processor.Captured:
			t.checkAmount(b, &answer)
			return answer.Status, t.over(ctx, b, section.ConfirmPayment, account.NoReason)
		case processor.Declined:
			return answer.Status, t.over(ctx, b, section.FailPayment, account.Declined)
		case processor.Cancelled:
			return answer.Status, t.over(ctx, b, section.FailPayment, account.Cancelled)
		case processor.Challenge:
			over, err := t.challenged(ctx, b, answer.Next)
			if err != nil || !over {
				return answer.Status, err
			}
			next, err = t.Processor.Cancel(ctx, AttemptID(b, b.Money.Attempt), ref)
			if err != nil {
				return processor.Unknown, nil
			}
		case processor.Opened:
			if b.Money.Phase == account.Challenge { // passed
				next, err = t.Processor.Charge(ctx, t.charge(b, ref, ""))
			} else {
				next, err = t.Processor.Cancel(ctx, AttemptID(b, b.Money.Attempt), ref)
			}
		default:
			return answer.Status, nil
		}
		if err != nil || next.Status == answer.Status {
			return processor.Unknown, nil
		}
		answer = next
	}
	return processor.Unknown, nil
}

func (t *Till) checkAmount(b *Booking, a *processor.Answer) {
	if a.Amount != 0 && !b.Money.Legacy && (a.Amount != b.Money.Amount || a.Currency != b.Currency) {
		t.report(Incident{Kind: OtherAmount, Booking: b.ID, Attempt: b.Money.Attempt, Amount: a.Amount})
	}
}

// challenged notes that the buyer is asked by a bank, and says whether the time for it is over.
func (t *Till) challenged(ctx context.Context, b *Booking, next processor.Next) (over bool, err error) {
	t.show(AttemptID(b, b.Money.Attempt), next)
	if b.Money.Phase == account.Challenge {
		return t.Now() >= b.Money.Until, nil
	}
	r, err := t.Section.Tell(ctx, b.ID, section.Command{Kind: section.ChallengePayment,
		Pay: account.Payment{Attempt: b.Money.Attempt}})
	return r == section.ChallengeLimit, err
}

// over tells the last word on the open attempt.
func (t *Till) over(ctx context.Context, b *Booking, kind section.CommandKind, why account.Reason) error {
	t.hide(b)
	return t.tell(ctx, b, kind, why)
}

func (t *Till) tell(ctx context.Context, b *Booking, kind section.CommandKind, why account.Reason) error {
	_, err := t.Section.Tell(ctx, b.ID, section.Command{Kind: kind,
		Pay: account.Payment{Attempt: b.Money.Attempt, Reason: why}})
	return err
}

func (t *Till) report(i Incident) {
	if t.Report != nil {
		t.Report(i)
	}
}
