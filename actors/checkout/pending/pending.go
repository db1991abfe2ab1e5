package pending

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/checkout"
	"holdfast/actors/checkout/till"
	"holdfast/storage"
)

// CallName is what a node is asked under for its part of the list.
const CallName = "payments"

// Bounds of a page.
const (
	pageMax = 200
	scanMax = 1000
)

// Kind says why a booking is on the list.
type Kind string

// The kinds. A booking may be of several.
const (
	Paying        Kind = "paying"
	RefundDue     Kind = "refund_due"
	RefundPending Kind = "refund_pending"
	RefundFailed  Kind = "refund_failed" // waits for an operator
	Disputed      Kind = "disputed"
)

// Kinds are all of them.
var Kinds = []Kind{Paying, RefundDue, RefundPending, RefundFailed, Disputed}

// Query asks for a page.
type Query struct {
	Event storage.EventID
	Kind  Kind       // empty: any
	After booking.ID // zero: from the first
	Limit int        // 1 to pageMax; else pageMax
}

// Page is some bookings, in order of section and number.
type Page struct {
	Items      []Item
	Next       booking.ID // zero: there is no more
	Incomplete bool       // a node did not answer
}

// Item is a booking with money that is open or wrong.
type Item struct {
	till.Booking
	Line
	Kinds []Kind
}

// Line is what is known of it beside its log, by the node that asks for it.
type Line struct {
	ID       booking.ID
	Disputed bool
	Left     string    // pressing, slow, person; empty: nobody has to ask
	Since    time.Time // on the list of the node that asks; zero: on none
	LastAt   time.Time // when the processor was last asked; zero: not yet
	Next     time.Time // when it is asked again
	Tries    int
	Why      string // it stands
}

// Lister gathers. Its fields are set before its first use.
type Lister struct {
	Reconciler *checkout.Reconciler
	Disputes   *checkout.Disputes
	Read       func(ctx context.Context, id booking.ID) (till.Booking, error)
	Others     func() []storage.WriterID // nil: there are none
	Call       func(ctx context.Context, node storage.WriterID, name string, body []byte) ([]byte, error)
}

// ask is a Query to another node, and lines its answer.
type ask struct {
	Event storage.EventID
	After string
	Only  bool // that booking, and no page
}

type line struct {
	ID       string
	Disputed bool      `json:",omitempty"`
	Left     string    `json:",omitempty"`
	Since    time.Time `json:",omitzero"`
	LastAt   time.Time `json:",omitzero"`
	Next     time.Time `json:",omitzero"`
	Tries    int       `json:",omitempty"`
	Why      string    `json:",omitempty"`
}

func compare(a, b booking.ID) int {
	return cmp.Or(bytes.Compare(a.Section.Event[:], b.Section.Event[:]),
		cmp.Compare(a.Section.Section, b.Section.Section), cmp.Compare(a.No, b.No))
}

// here are this node's lines that are wanted, ascending, scanMax at most.
func (l *Lister) here(want func(booking.ID) bool) []Line {
	at := map[booking.ID]*Line{}
	for _, e := range l.Reconciler.Entries(want) {
		at[e.Booking] = &Line{ID: e.Booking, Left: e.Left.String(), Since: e.Since, LastAt: e.LastAt, Next: e.Next,
			Tries: e.Tries, Why: e.Why}
	}
	for _, d := range l.Disputes.All() {
		switch of := at[d.Booking]; {
		case !want(d.Booking):
		case of != nil:
			of.Disputed = true
		default:
			at[d.Booking] = &Line{ID: d.Booking, Disputed: true}
		}
	}
	all := make([]Line, 0, len(at))
	for _, one := range at {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b Line) int { return compare(a.ID, b.ID) })
	return all[:min(len(all), scanMax)]
}

// Answer is what a node says to another one's List.
func (l *Lister) Answer(_ context.Context, body []byte) ([]byte, error) {
	var q ask
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, fmt.Errorf("payments: %w", err)
	}
	after, _ := booking.ParseID([]byte(q.After))
	var out []line
	for _, one := range l.here(wanted(q.Event, after, q.Only)) {
		out = append(out, line{one.ID.String(), one.Disputed, one.Left, one.Since, one.LastAt, one.Next, one.Tries,
			one.Why})
	}
	return json.Marshal(out)
}

func wanted(event storage.EventID, after booking.ID, only bool) func(booking.ID) bool {
	return func(id booking.ID) bool {
		if only {
			return id == after
		}
		return id.Section.Event == event && compare(id, after) > 0
	}
}

// gather merges all nodes' lines. full says that some node had more than it told.
func (l *Lister) gather(ctx context.Context, q ask, after booking.ID) (all []Line, full, incomplete bool) {
	at := map[booking.ID]Line{}
	enter := func(lines []Line) {
		full = full || len(lines) == scanMax
		for _, one := range lines {
			if old, twice := at[one.ID]; twice {
				one = merge(old, one)
			}
			at[one.ID] = one
		}
	}
	enter(l.here(wanted(q.Event, after, q.Only)))
	if l.Others != nil {
		body, err := json.Marshal(q)
		for _, node := range l.Others() {
			var there []line
			var answer []byte
			if err == nil {
				answer, err = l.Call(ctx, node, CallName, body)
			}
			if err == nil {
				err = json.Unmarshal(answer, &there)
			}
			if err != nil {
				incomplete, err = true, nil
				continue
			}
			enter(lines(there))
		}
	}
	for _, one := range at {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Line) int { return compare(a.ID, b.ID) })
	return all, full, incomplete
}

func lines(there []line) (all []Line) {
	for _, w := range there {
		if id, ok := booking.ParseID([]byte(w.ID)); ok {
			all = append(all, Line{id, w.Disputed, w.Left, w.Since, w.LastAt, w.Next, w.Tries, w.Why})
		}
	}
	return all
}

// merge keeps the word of the node that asked last, and who has waited longest.
func merge(a, b Line) Line {
	if b.LastAt.After(a.LastAt) || a.Left == "" {
		a, b = b, a
	}
	if a.Disputed = a.Disputed || b.Disputed; !b.Since.IsZero() && b.Since.Before(a.Since) {
		a.Since = b.Since
	}
	return a
}

// List gives a page.
func (l *Lister) List(ctx context.Context, q Query) (page Page, err error) {
	if q.Limit < 1 || q.Limit > pageMax {
		q.Limit = pageMax
	}
	after := ""
	if q.After != (booking.ID{}) {
		after = q.After.String()
	}
	all, full, incomplete := l.gather(ctx, ask{Event: q.Event, After: after}, q.After)
	page.Incomplete = incomplete
	if full && len(all) > scanMax { // of what follows some node may have said nothing
		all = all[:scanMax]
	}
	for i := range all {
		item, err := l.item(ctx, all[i])
		switch {
		case errors.Is(err, till.ErrUnknown) && !all[i].Disputed:
		case errors.Is(err, till.ErrUnknown): // it has ended long ago
			if item.Kinds = []Kind{Disputed}; q.Kind == "" || q.Kind == Disputed {
				page.Items = append(page.Items, item)
			}
		case err != nil:
			item.Why = "its section does not answer"
			page.Incomplete = true
			page.Items = append(page.Items, item)
		case len(item.Kinds) > 0 && (q.Kind == "" || slices.Contains(item.Kinds, q.Kind)):
			page.Items = append(page.Items, item)
		}
		if len(page.Items) == q.Limit && i+1 < len(all) || full && i+1 == len(all) {
			page.Next = all[i].ID
			break
		}
	}
	return page, nil
}

// One is what is known of one booking's money, whether anything of it is open or not. The error is that of Read.
func (l *Lister) One(ctx context.Context, id booking.ID) (Item, error) {
	of := Line{ID: id}
	all, _, _ := l.gather(ctx, ask{Event: id.Section.Event, After: id.String(), Only: true}, id)
	if len(all) == 1 {
		of = all[0]
	}
	return l.item(ctx, of)
}

func (l *Lister) item(ctx context.Context, of Line) (Item, error) {
	b, err := l.Read(ctx, of.ID)
	if err != nil {
		return Item{Booking: till.Booking{ID: of.ID}, Line: of}, err
	}
	return Item{Booking: b, Line: of, Kinds: KindsOf(&b, of.Disputed)}, nil
}
