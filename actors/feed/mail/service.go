package mail

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/feed"
	"holdfast/actors/feed/envelope"
	"holdfast/actors/feed/mail/letter"
	"holdfast/actors/price"
	"holdfast/actors/pseudonym"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Times and bounds of the service.
const (
	queueMax     = 10_000 // mails on one node; beyond them the cursor stands
	batchMax     = 256    // mails whose buyers are looked for at once
	senders      = 4
	rescanEvery  = 5 * time.Minute // between two looks for what other nodes left in the queue
	lookEvery    = time.Second     // between two looks at the queue, at least
	engineWait   = 5 * time.Second
	sendMax      = 2 * time.Minute // a mail, from the first word to the last
	failingAfter = 3               // failures in a row, none of them an address's
	pauseFirst   = time.Second
	pauseMost    = time.Minute
	fullPause    = time.Minute
	notYetPause  = 5 * time.Second // until a booking is looked at again that is confirming
	deadFor      = 30 * 24 * time.Hour
	deadMost     = 10_000
	tellFor      = section.Instant(RetryFor / time.Millisecond) // what is older than that is no news
)

// Store is what mails need of a store.
type Store interface {
	storage.Feed
	Contacts(ctx context.Context, visit func(subject string, c storage.Contact) error) error
	Event(ctx context.Context, id storage.EventID) (*storage.Event, error)
}

// Engine is what mails ask of the engine.
type Engine interface {
	// PseudonymKey makes the pseudonyms of an event's buyers; nil without an error: the event is of before there were
	// keys, or nobody has its key any more.
	PseudonymKey(id storage.EventID) (*pseudonym.Key, error)
	// Standing is how a booking stands now, with its tickets if they are wanted. storage.ErrNotFound: there is no such
	// booking.
	Standing(id booking.ID, tickets bool, timeout time.Duration) (Standing, error)
}

// Standing is how a booking stands.
type Standing struct {
	State       section.BookingState
	Confirming  bool            // some section has not sold its seats yet
	ExpiresAt   section.Instant // while it is held
	Left        int             // seats of it that no refund is due for
	Price       price.Price     // of all seats that it was placed with
	Attachments []Attachment    // tickets, of a confirmed booking
	// Types are what types of tickets seats are of, by their public ids; nil: the event has none.
	Types map[string]string
}

// Config is what mails need from outside.
type Config struct {
	Store  Store
	Feed   *feed.Feed
	Engine Engine
	Sender Sender
	Domain string // of Message-IDs
	// Link is the address of the house's page, "" or as https://tickets.example: letters have links below it.
	Link     string
	Language string // of buyers who have said nothing else, of letter.Languages
	Logger   *slog.Logger
	Here     func(storage.SectionKey) bool // the feed's
	// Now is the wall clock; nil: the machine's.
	Now func() time.Time
}

// Counts are of this node since its start.
type Counts struct {
	Sent, Failed, Dead atomic.Uint64
	Nobody             atomic.Uint64 // mails to buyers without contact data
	Reminders          atomic.Uint64 // of those sent
}

// Service sends mails, and is the feed's sink. Its methods are safe for concurrent use.
type Service struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	since  section.Instant
	counts Counts
	wake   chan struct{}
	moved  chan struct{}

	mu       sync.Mutex
	queue    queue
	remind   reminders
	items    []storage.FeedItem // of mails that are over; made durable once a second
	failures int                // in a row, none of them an address's
	pause    time.Duration
	next     time.Time // while the server fails: before then nothing is sent
	nextLook time.Time // at the contacts
	broken   error     // the last failure; nil: the last mail went well
}

// Open reads the queue and begins to send what happens from its very first call on this store on.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Here == nil {
		cfg.Here = func(storage.SectionKey) bool { return true }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Service{cfg: cfg, wake: make(chan struct{}, 1), moved: make(chan struct{}, 1)}
	if err := errors.Join(s.begin(ctx), s.load(ctx)); err != nil {
		return nil, err
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.work.Go(s.run)
	cfg.Feed.Add(s)
	return s, nil
}

// begin reads since when mails are sent, or notes that it is now.
func (s *Service) begin(ctx context.Context) error {
	key := []byte{'m', kindSince}
	err := s.cfg.Store.FeedItems(ctx, key, nil, 1, func(i storage.FeedItem) error {
		if len(i.Value) != 8 {
			return fmt.Errorf("mail: %w: since when mails are sent", storage.ErrFormat)
		}
		s.since = section.Instant(binary.BigEndian.Uint64(i.Value))
		return nil
	})
	if err != nil || s.since != 0 {
		return err
	}
	s.since = s.now()
	value := binary.BigEndian.AppendUint64(nil, uint64(s.since))
	return s.cfg.Store.SaveFeed(ctx, []storage.FeedItem{{Key: key, Value: value}})
}

// Close ends all sending. What is not sent is, after the next start.
func (s *Service) Close() error {
	s.cancel()
	s.work.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), engineWait)
	defer cancel()
	s.flush(ctx)
	return s.cfg.Sender.Close()
}

// Name implements feed.Sink, as all of these do.
func (s *Service) Name() string { return "mail" }

// Since is from when on buyers are told.
func (s *Service) Since() section.Instant { return s.since }

// Parallel is how many shards are told at once.
func (s *Service) Parallel() int { return senders }

// Moved says that other shards may be this node's now.
func (s *Service) Moved() { poke(s.moved) }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *Service) now() section.Instant { return section.Instant(s.cfg.Now().UnixMilli()) }

// mailOf is the mail that an event asks for; 0: none.
func mailOf(e *envelope.Event) letter.Kind {
	switch {
	case e.Type == "booking.confirmed":
		return letter.Confirmed
	case e.Type == "booking.exchanged":
		return letter.Exchanged
	case e.Type == "booking.refund_due" && e.Data.Reason == envelope.Exchanged: // the letter of the exchange says so
	case e.Type == "booking.refund_due" && e.Data.Reason == envelope.Requested:
		return letter.Refunded
	case e.Type == "booking.refund_due":
		return letter.Returned
	case e.Type == "booking.refunded" && e.Data.Refund == 0: // there was no money
		return letter.Refunded
	}
	return 0
}

// timeOf is when an event happened; 0: it does not say.
func timeOf(e *envelope.Event) section.Instant {
	at, err := time.Parse(time.RFC3339, e.Time)
	if err != nil {
		return 0
	}
	return section.Instant(at.UnixMilli())
}

// Tell puts the mails that events ask for into the queue, durably.
func (s *Service) Tell(ctx context.Context, t *feed.Telling) feed.Result {
	var mails []Queued
	var items []storage.FeedItem
	now := s.now()
	for i := range t.Events {
		s.noteHold(&t.Events[i], t.Refs[i], now)
		if kind := mailOf(&t.Events[i]); kind != 0 && now-timeOf(&t.Events[i]) < tellFor {
			mails = append(mails, Queued{Ref: t.Refs[i], Kind: kind, FirstAt: now, Due: now})
			items = append(items, mails[len(mails)-1].item(kindQueued))
		}
	}
	if len(mails) == 0 {
		return feed.Result{Done: len(t.Events)}
	}
	s.mu.Lock()
	full := s.queue.full()
	s.mu.Unlock()
	if full {
		return feed.Result{Pause: fullPause}
	}
	if err := s.cfg.Store.SaveFeed(ctx, items); err != nil {
		return feed.Result{Pause: pauseFirst} // told again: the keys are the same
	}
	s.mu.Lock()
	for i := range mails {
		s.queue.add(mails[i])
	}
	s.mu.Unlock()
	poke(s.wake)
	return feed.Result{Done: len(t.Events)}
}

// noteHold keeps in mind when a hold ends.
func (s *Service) noteHold(e *envelope.Event, ref feed.Ref, now section.Instant) {
	switch e.Type {
	case "booking.held", "booking.extended", "booking.payment_failed":
	case "booking.released", "booking.expired", "booking.confirmed", "booking.payment_begun",
		"booking.exchanged":
	default:
		return
	}
	id, ok := booking.ParseID([]byte(e.Data.Booking))
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if ends, err := time.Parse(time.RFC3339, e.Data.ExpiresAt); err == nil && e.Type != "booking.payment_begun" {
		s.remind.until(id, ref, now, section.Instant(ends.UnixMilli()))
		return
	}
	s.remind.over(id)
}

// load reads what this node sends of the queue in the store, as much as there is room for. What is over must be gone
// from there before, or it would be sent again: so load, flush and batch are one goroutine's.
func (s *Service) load(ctx context.Context) error {
	s.flush(ctx)
	s.mu.Lock()
	unsaved := len(s.items)
	s.mu.Unlock()
	if unsaved > 0 {
		return errUnsaved
	}
	return s.cfg.Store.FeedItems(ctx, []byte{'m', kindQueued}, nil, 0, func(i storage.FeedItem) error {
		m, err := decodeQueued(i)
		if err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.cfg.Here(m.Ref.Shard) && !s.queue.full() {
			s.queue.add(m)
		}
		return nil
	})
}

func (s *Service) run() {
	look, rescan := time.NewTicker(lookEvery), time.NewTicker(rescanEvery)
	defer look.Stop()
	defer rescan.Stop()
	for {
		var err error
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
		case <-look.C:
			s.flush(s.ctx)
		case <-s.moved:
			err = s.load(s.ctx)
		case <-rescan.C:
			err = errors.Join(s.load(s.ctx), s.prune(s.ctx))
		}
		if err != nil && s.ctx.Err() == nil {
			s.cfg.Logger.Warn("the queue of mails cannot be read: tried again", "error", err)
		}
		for s.ctx.Err() == nil && s.batch() {
		}
	}
}

var errUnsaved = errors.New("mail: which mails are over could not be saved")

// flush makes durable which mails are over. What cannot be is sent again after a restart, under the same id.
func (s *Service) flush(ctx context.Context) {
	s.mu.Lock()
	items := s.items[:min(len(s.items), storage.FeedItemsMax)]
	s.items = s.items[len(items):]
	s.mu.Unlock()
	if len(items) == 0 {
		return
	}
	if err := s.cfg.Store.SaveFeed(ctx, items); err != nil {
		s.mu.Lock()
		s.items = append(items, s.items...)
		s.mu.Unlock()
	}
}

// Status is how the sending stands at this node.
type Status struct {
	Queued int   // mails that wait to be sent
	Broken error // why the last mail could not be handed over; nil: it could
}

// Status tells how the sending stands.
func (s *Service) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Status{Queued: len(s.queue.queued), Broken: s.broken}
}

// Counts are of this node since its start.
func (s *Service) Counts() *Counts { return &s.counts }
