package storage

import (
	"context"

	"holdfast/actors/section"
)

// Importer is what a store offers beside [Store] to be filled from another one, record by record as they are: same
// batches, writers, hashes. Nobody may be selling from it meanwhile.
type Importer interface {
	// Import makes the entries durable in as few writes as the store can. They continue the log at its tail, in order,
	// or nothing is written and the error is ErrGap (or *FencedError). Tickets are not touched.
	Import(ctx context.Context, key SectionKey, entries []Entry) error
	// ImportTickets makes rows the section's tickets, whatever stood there.
	ImportTickets(ctx context.Context, key SectionKey, rows []section.Ticket) error
	// ImportSecret sets the store's secret; ErrExists when another one is there. The same one again is no error.
	ImportSecret(ctx context.Context, secret [32]byte) error
}

// PaymentRow is one payment in the books of the pretended processor.
type PaymentRow struct {
	ID       string
	Status   string
	Amount   int64  // minor units
	Currency string // ISO 4217
	Detail   string // what the processor keeps besides, in its own words; empty in rows of earlier builds
}

// State is what PutPayment compares.
func (p PaymentRow) State() string { return p.Status + p.Detail }

// Payments keeps the pretended processor's books where several processes share a store, so that a payment is one
// payment whichever of them asks. A real processor keeps its own.
type Payments interface {
	// PutPayment writes p unless a row of that id stands whose State is not among over. It answers the row that stands
	// afterwards.
	PutPayment(ctx context.Context, p PaymentRow, over ...string) (PaymentRow, error)
	// Payment answers ErrNotFound when there is none.
	Payment(ctx context.Context, id string) (PaymentRow, error)
	// Payments calls visit for every row, in order of id.
	Payments(ctx context.Context, visit func(PaymentRow) error) error
}

// PaymentCursor is how far a payment processor's events were read.
type PaymentCursor struct {
	Account string // the processor's name; empty: an earlier build's, which read one and did not say which
	Body    string // in the words of whoever reads
}

// PaymentCursors keeps how far processors' events were read. Without them, events of the time when no server ran are
// never told.
type PaymentCursors interface {
	// PaymentCursors calls visit for every account, in order of name.
	PaymentCursors(ctx context.Context, visit func(PaymentCursor) error) error
	// PutPaymentCursor writes one over whatever stands. It is for copies: servers move a cursor from a revision.
	PutPaymentCursor(ctx context.Context, c PaymentCursor) error
}

// Frozen is one instant of a store that goes on being written: all its answers are of that instant.
type Frozen interface {
	Tail(ctx context.Context, key SectionKey) (Tail, error)
	Read(ctx context.Context, key SectionKey, after section.Seq, visit func(e *Entry, hash Hash) error) error
	LoadSnapshot(ctx context.Context, key SectionKey) (Snapshot, error)
	Tickets(ctx context.Context, key SectionKey, visit func(section.Ticket) error) error
	// Close lets go of the instant; stores pay for holding one.
	Close() error
}

// Freezer is a store that can be looked at while others write to it.
type Freezer interface {
	Freeze(ctx context.Context) (Frozen, error)
}
