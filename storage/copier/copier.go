package copier

import (
	"cmp"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// Source is what is read; every storage.Store is one. If it is storage.Payments too, its payments come along, and if it
// is storage.PaymentCursors, how far processors' events were read.
type Source interface {
	Tail(ctx context.Context, key storage.SectionKey) (storage.Tail, error)
	Read(
		ctx context.Context, key storage.SectionKey, after section.Seq,
		visit func(e *storage.Entry, hash storage.Hash) error,
	) error
	LoadSnapshot(ctx context.Context, key storage.SectionKey) (storage.Snapshot, error)
	Tickets(ctx context.Context, key storage.SectionKey, visit func(section.Ticket) error) error
	Events(ctx context.Context) ([]*storage.Event, error)
	Venue(ctx context.Context, id storage.EventID) ([]byte, error)
	Secret(ctx context.Context) ([32]byte, error)
	EventKey(ctx context.Context, id storage.EventID) (storage.EventKey, error)
	OperatorKeys(ctx context.Context, visit func(storage.OperatorKey) error) error
	TicketKeys(ctx context.Context) ([]storage.TicketKey, error)
	Contact(ctx context.Context, subject string) (storage.Contact, error)
	Contacts(ctx context.Context, visit func(subject string, c storage.Contact) error) error
	FeedItems(ctx context.Context, prefix, after []byte, limit int, visit func(storage.FeedItem) error) error
	Nodes(ctx context.Context) ([]storage.NodeBeat, error)
	Sections(ctx context.Context) ([]storage.SectionKey, error)
}

// Target is what is filled, and read back. If it is storage.Payments or storage.PaymentCursors too, it takes what the
// source has of these.
type Target interface {
	Source
	storage.Importer
	SaveSnapshot(ctx context.Context, key storage.SectionKey, s storage.Snapshot) error
	CreateEvent(ctx context.Context, e *storage.Event, venue []byte) error
	ChangeSale(ctx context.Context, id storage.EventID, c onsale.Change, key storage.OperatorKey) error
	RememberKey(ctx context.Context, key storage.OperatorKey) error
	PutEventKey(ctx context.Context, id storage.EventID, key storage.EventKey) error
	PutTicketKey(ctx context.Context, key storage.TicketKey) error
	ForgetEvent(ctx context.Context, id storage.EventID, why storage.Forgetting, key storage.OperatorKey) error
	PutContact(ctx context.Context, subject string, c storage.Contact) error
	ForgetContact(ctx context.Context, subject string) error
	SaveFeed(ctx context.Context, items []storage.FeedItem) error
}

// Options of a copy. The zero value is usable.
type Options struct {
	// Progress hears how far the run is, one call at a time but from any goroutine; it must not block. nil: nobody looks.
	Progress func(Progress)
	// Workers is how many sections are copied at once. More hide a server's latency, each with a connection of its own;
	// default 8.
	Workers int
	// PageBytes bounds the entries of one Import in bytes; a single entry may be larger. What is lost by a kill is one
	// page a worker. Default 1 MiB: far below what a server takes in one statement, far above what the round trip
	// costs.
	PageBytes int
	// Watch is how long heartbeat rows are watched for a sign of life, if there are any; longer than a node's time
	// between two beats. Default 3 s.
	Watch time.Duration
}

const (
	workersDefault   = 8
	pageBytesDefault = 1 << 20
	pageEntriesMax   = 4096 // a page of tiny entries is bounded by what a server does per row
	watchDefault     = 3 * time.Second
)

// Step is a part of the run.
type Step string

// Steps in their order; both read every record of the source once.
const (
	Copying   Step = "copying"
	Verifying Step = "verifying"
)

// Progress is how far a step is, in log records. Records that the target had before count as done.
type Progress struct {
	Step        Step
	Done, Total uint64
}

// Count is how many there are in the source, and how many of them this run wrote.
type Count struct{ All, New uint64 }

func (c *Count) add(all, written uint64) { c.All += all; c.New += written }

// Report is what a run did and found.
type Report struct {
	Events    Count
	Logs      Count
	Records   Count
	Tickets   Count // New: of the sections whose rows were not the same
	Snapshots Count
	Payments  Count
	Contacts  Count // New: put or erased
	Cursors   Count // accounts of payment processors whose events were read
	Feed      Count // items of feeds; New: written or removed
	// SnapshotsLeftOut are damaged ones and ones that stand on no record of their log; the copy replays more, and is no
	// less true.
	SnapshotsLeftOut uint64
	// Differences are what the target answers otherwise than the source, the first of each thing. Empty: the copy is
	// verified.
	Differences []string
}

// Changed tells whether the run wrote anything that counts.
func (r *Report) Changed() bool {
	return r.Events.New+r.Logs.New+r.Records.New+r.Tickets.New+r.Snapshots.New+r.Payments.New+
		r.Contacts.New+r.Cursors.New+r.Feed.New > 0
}

// Run copies everything in from to to, and verifies it. The report is never nil; with an error it tells how far the run
// came.
//
// Errors: ErrBusy, *HistoryError, *EventError, *PaymentError, ErrSecret and ErrTicketKeys before anything is written;
// the stores' own in between, after which the same call continues; ErrMoved and ErrUnequal at the end.
func Run(ctx context.Context, from Source, to Target, o Options) (*Report, error) {
	o.Workers, o.PageBytes, o.Watch = cmp.Or(
		o.Workers, workersDefault,
	), cmp.Or(
		o.PageBytes, pageBytesDefault,
	), cmp.Or(
		o.Watch, watchDefault,
	)
	r := &run{from: from, to: to, options: o}
	for _, step := range []func(context.Context) error{r.watch, r.look, r.move, r.verify, r.lookAgain} {
		if err := step(ctx); err != nil {
			return &r.report, err
		}
	}
	if len(r.report.Differences) > 0 {
		return &r.report, ErrUnequal
	}
	return &r.report, nil
}

// job is one section's log: where it ends in the source and, before the run, in the target.
type job struct {
	key            storage.SectionKey
	source, target storage.Tail
}

type run struct {
	from    Source
	to      Target
	options Options

	// Set by look, then only read.
	events   []*storage.Event
	standing map[storage.EventID]*storage.Event // the target's
	jobs     []*job
	payments *payments // nil: a side has no books

	mu       sync.Mutex // guards what follows
	progress Progress
	report   Report
}

// each runs work for 0 ≤ i < n on the run's workers; the first error ends it.
func (r *run) each(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(r.options.Workers)
	for i := 0; i < n && within.Err() == nil; i++ {
		group.Go(func() error { return work(within, i) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err() // the loop may have ended early without a failure in any work
}

// begin starts a step's progress at done of all records.
func (r *run) begin(step Step, done uint64) {
	r.progress = Progress{Step: step}
	for _, j := range r.jobs {
		r.progress.Total += uint64(j.source.Seq)
	}
	r.advance(done)
}

func (r *run) advance(records uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress.Done += records
	if r.options.Progress != nil {
		r.options.Progress(r.progress)
	}
}

// count changes the report.
func (r *run) count(change func(*Report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.report)
}
