package history

import "math"

// Nanos is a moment in nanoseconds since the history's Start, on the client's monotonic clock.
type Nanos int64

// Never is the return of an operation whose answer never came.
const Never = Nanos(math.MaxInt64)

// Kind says what a request wished for.
type Kind uint8

// The kinds.
const (
	Hold    Kind = iota + 1 // Seats, named by the buyer
	Best                    // Quantity seats of one Section, or of any (AnySection)
	Release                 // the booking of operation Of
	Extend                  // the same
	Confirm                 // the same
	Look                    // the letters of one section, read whole
	// Leg is no request of its own: the seats in one more section of the granted Hold or Best of operation Of. It
	// stands right behind that operation or behind another of its legs, with the same event, buyer, key and times.
	Leg
)

// Verdict is what the answer says about the seats.
type Verdict uint8

// The verdicts. A class of its own for each thing that an answer can prove.
const (
	// Done: acknowledged (2xx).
	Done Verdict = iota + 1
	// Taken: refused, because each of the seats in Lost was not free at some moment between Call and Return.
	Taken
	// NoneLeft: refused, because fewer suitable seats than wished were free.
	NoneLeft
	// Ended: refused, because the booking was over (expired, released): it held nothing any more.
	Ended
	// Refused: surely without effect, and saying nothing about seats (turned away, declined, malformed …).
	Refused
	// Unknown: sent, and nobody knows whether it had its effect. Not a failure: it may have, at any moment after Call.
	Unknown
)

// AnySection is the section of a Best that leaves the choice to the server and was not granted.
const AnySection = math.MaxUint32

// NoOp is the Of of an operation that is about no earlier one.
const NoOp = -1

// Span is a part of one of a Part's arenas.
type Span struct{ At, Len uint32 }

// Op is one request and its answer. It holds no pointers, so that tens of millions cost the collector nothing.
//
// Repeats of a request (same Buyer, same Key) are operations of their own here; the checker knows that together they
// have at most one effect.
type Op struct {
	Kind     Kind
	Verdict  Verdict
	Event    uint16 // index into Header.Events
	Quantity uint16 // Best
	Section  uint32 // index into the event's sections; of a Best that was granted: where
	Of       int32  // Release, Extend, Confirm, Leg: index of the booking's Hold or Best in the same Part; NoOp
	Buyer    uint64 // number; the name is made by the run
	Key      uint64 // number of the idempotency key; a repeat has its first one's
	Call     Nanos  // when the request was about to be sent
	Return   Nanos  // when its answer was read whole; Never if it was not
	// Expires is, of a granted Hold, Best or Extend, the expires_at of the answer on the history's own clock.
	Expires Nanos
	Seats   Span // of Part.Seats: wished (Hold) or granted (Best, Leg), as indexes into the section
	Lost    Span // of Part.Seats: the seats that a Taken names
	Text    Span // of Part.Text: the booking's id (granted Hold or Best), or a section's letters (Look)
}

// Part is what one goroutine recorded, in the order of answers.
type Part struct {
	Ops   []Op
	Seats []uint32
	Text  []byte
	// Queue is what was asked of waiting rooms. A file does not keep it: it is judged where it was recorded.
	Queue []QueueOp
}

// SeatsOf are the seats of a span.
func (p *Part) SeatsOf(s Span) []uint32 { return p.Seats[s.At : s.At+s.Len] }

// TextOf is the text of a span.
func (p *Part) TextOf(s Span) []byte { return p.Text[s.At : s.At+s.Len] }

// LegsOf are the legs of the operation at that place.
func (p *Part) LegsOf(place int) []Op {
	end := place + 1
	for end < len(p.Ops) && p.Ops[end].Kind == Leg {
		end++
	}
	return p.Ops[place+1 : end]
}

// AddLeg appends a leg of the operation at that place, behind which there is nothing but its other legs.
func (p *Part) AddLeg(of int, section uint32, seats []uint32) {
	leg := p.Ops[of]
	leg.Kind, leg.Of, leg.Quantity, leg.Expires, leg.Text = Leg, int32(of), 0, 0, Span{}
	leg.Section, leg.Seats = section, p.AddSeats(seats)
	p.Ops = append(p.Ops, leg)
}

// AddSeats keeps seats in the testbed.
func (p *Part) AddSeats(seats []uint32) Span {
	at := len(p.Seats)
	p.Seats = append(p.Seats, seats...)
	return Span{uint32(at), uint32(len(seats))}
}

// AddText keeps a text in the testbed.
func (p *Part) AddText(text []byte) Span {
	at := len(p.Text)
	p.Text = append(p.Text, text...)
	return Span{uint32(at), uint32(len(text))}
}

// Section is one section's size.
type Section struct {
	ID    string `json:"id"`
	Seats int    `json:"seats"`
}

// Event is one event of the run, as its seatmap tells it.
type Event struct {
	ID       string    `json:"id"`
	Sections []Section `json:"sections"`
}

// Header says what a history is about.
type Header struct {
	Server   string `json:"server"` // holdfast, or the baseline's name
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	Command  string `json:"command"`
	// StartUnixNano is the wall clock at Nanos 0: expires_at is told in wall time.
	StartUnixNano int64 `json:"start_unix_nano"`
	// ClockSlack is how far the server's clock may be from the client's; on one machine a few milliseconds, for
	// expires_at is told in whole ones.
	ClockSlack Nanos   `json:"clock_slack_ns"`
	Events     []Event `json:"events"`
	// BuyerPrefix and KeyPrefix make names of numbers, with AppendName: so that the log, which knows only hashes of
	// both, can be held against the requests.
	BuyerPrefix string `json:"buyer_prefix"`
	KeyPrefix   string `json:"key_prefix"`
}

// History is everything a run asked and was told. Parts of several client processes stand side by side.
type History struct {
	Header Header
	Parts  []*Part
}

// nameLetters is the width of a number in a name.
const nameLetters = 12

// AppendName appends prefix and twelve letters a to j for the number's digits: a run of digits could be taken for a
// card's number and refused at the door (P12).
func AppendName(dst []byte, prefix string, n uint64) []byte {
	var letters [nameLetters]byte
	for i := nameLetters - 1; i >= 0; i-- {
		letters[i] = 'a' + byte(n%10)
		n /= 10
	}
	return append(append(append(dst, prefix...), '-'), letters[:]...)
}
