package baselines

import (
	"context"
	"encoding/base32"
	"encoding/hex"
	"time"
)

// id names a booking, a buyer, a request or an event. A booking's is the hash of who asked for it and under which
// Idempotency-Key (wire.RequestHash), so that one primary key is both how a booking is found and what makes a repeat of
// its request find it.
type id [16]byte

const bookingPrefix = "b"

var idText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// appendBookingID appends a booking's name in the API.
func appendBookingID(dst []byte, booking id) []byte {
	return idText.AppendEncode(append(dst, bookingPrefix...), booking[:])
}

func parseBookingID(text []byte) (booking id, ok bool) {
	if len(text) != len(bookingPrefix)+idText.EncodedLen(len(booking)) ||
		string(text[:len(bookingPrefix)]) != bookingPrefix {
		return booking, false
	}
	_, err := idText.Decode(booking[:], text[len(bookingPrefix):])
	return booking, err == nil
}

// uuid is the text of an event's id.
func (i id) uuid() string {
	text := hex.EncodeToString(i[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// state is how a booking, or a seat, stands; its number is what the tables keep.
type state int16

// The states. A booking is never free; a lapsed hold stays held in the tables, and whoever reads it compares its end
// with the clock.
const (
	free state = iota
	held
	sold
	released
	lapsed // never stored
)

var stateNames = [...]string{held: "held", sold: "confirmed", released: "released", lapsed: "expired"}

// verdict is a store's answer to a request: yes, or which no.
type verdict uint8

// The verdicts.
const (
	granted verdict = iota
	seatTaken
	noneLeft // best: at some moment too few seats were free
	bookingUnknown
	holdExpired
	holdReleased
	alreadyConfirmed
	extensionLimit
	tooBusy // lost one race after another; nothing was done
)

// booking is one buyer's claim on seats of one event.
type booking struct {
	id        id
	event     int32 // its number
	state     state
	seats     []int32 // indexes into the event, as the buyer named them
	expiresAt time.Time
}

// task is one request of one buyer, and what came of it: the store fills got, and lost where it refuses.
type task struct {
	buyer   id
	request id // of the request, for a repeat to be known by; of a hold it becomes the booking's id
	booking id // the booking that is meant; of a hold the one to be made

	// What a hold wishes for: seats, or any quantity of those in range.
	event    *event
	seats    []int32
	quantity int
	from, to int32 // seats of one section: the first, and the one behind the last

	got  booking
	lost []int32 // of seats: those that somebody has
}

// reset makes a task ready for another request and keeps its memory.
func (t *task) reset() {
	*t = task{seats: t.seats[:0], lost: t.lost[:0], got: booking{seats: t.got.seats[:0]}}
}

// change is what a buyer does to a booking of theirs.
type change uint8

// The changes.
const (
	extend change = iota
	release
	confirm
)

// store is the one thing that differs between baselines: where seats are kept, and how two buyers are kept apart. Its
// methods are safe for concurrent use. An error means that the request was surely not granted if wrapped in errUndone,
// and that nobody knows otherwise.
type store interface {
	// create makes an event's seats, all free. It is called once, before anything else is asked about the event.
	create(ctx context.Context, e *event) error
	// hold takes exactly t.seats (of one section, each once) for t.event.ttl, or none. When t.booking exists it is
	// granted as it stands, whatever its seats are: the caller compares them.
	hold(ctx context.Context, t *task) (verdict, error)
	// best is hold for any t.quantity seats from t.from up to t.to, chosen here.
	best(ctx context.Context, t *task) (verdict, error)
	// change does something to t.booking, if it is t.buyer's. A repeat of the request that changed it last is granted
	// again.
	change(ctx context.Context, t *task, c change) (verdict, error)
	// find reads t.booking, if it is t.buyer's.
	find(ctx context.Context, t *task) (verdict, error)
	// letters appends one letter for each of the event's seats, as they stand at some moment after the call.
	letters(ctx context.Context, e *event, dst []byte) ([]byte, error)
	close() error
}

// standing is what a booking allows now.
type standing struct {
	state      state
	over       bool      // a hold whose end has come
	expiresAt  time.Time // when it ends
	ceilingAt  time.Time // it may not end later than that
	lastChange id
}

// refusal is why a change cannot be made, granted if it can or is a repeat of the last one: the same rules for every
// baseline.
func (s standing) refusal(t *task, c change) verdict {
	if s.state != held {
		return s.refusalOfEnded(t, c)
	}
	switch {
	case s.over:
		return holdExpired
	case c == extend && s.lastChange == t.request:
		return granted
	case c == extend && !s.expiresAt.Before(s.ceilingAt):
		return extensionLimit
	}
	return granted
}

func (s standing) refusalOfEnded(t *task, c change) verdict {
	switch {
	case s.state == sold && c == confirm && s.lastChange == t.request:
		return granted
	case s.state == sold:
		return alreadyConfirmed
	case c == release:
		return granted // giving back twice is one request
	}
	return holdReleased
}
