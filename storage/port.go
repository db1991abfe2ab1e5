package storage

import (
	"context"

	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/storage/onsale"
)

// EventID names a show. Its text form is a UUID.
type EventID [16]byte

// SectionNo numbers an event's sections from 0, in plan order.
type SectionNo uint32

// SectionKey names one section's log.
type SectionKey struct {
	Event   EventID
	Section SectionNo
}

// WriterID names one incarnation of one writer (a process start); random.
type WriterID [16]byte

// StoreID names a store that nodes share. The zero one is unknown.
type StoreID [16]byte

// BatchID names one append for ever: a re-sent append carries the same id; random.
type BatchID [16]byte

// Hash is a SHA-256.
type Hash [32]byte

// EntryKind says what a log entry is for.
type EntryKind uint8

// Entry kinds.
const (
	EntryChanges  EntryKind = iota + 1 // Body holds changes
	EntryClaim                         // a takeover: Epoch is one more than the entry before; Body holds the owner's name
	EntryReleased                      // the owner gave the section up; anybody may claim at once
)

// Entry is one row of a section's log: the commit point of everything in Body.
//
// Invariants, checked by every store at append and by every reader: Seq is dense from 1; Epoch never falls, and grows
// only in an EntryClaim, by exactly one; Prev is the Hash of the entry before (zero for Seq 1).
type Entry struct {
	Kind   EntryKind
	Seq    section.Seq
	Epoch  section.Epoch
	Writer WriterID
	Batch  BatchID
	At     section.Instant
	Prev   Hash
	Body   []byte // ≤ BodyBytesMax
}

// BodyBytesMax bounds Entry.Body.
const BodyBytesMax = 64 << 10

// Append is one request to add an entry to one section's log, with the tickets it sells or gives back in the same
// atomic write.
type Append struct {
	Section SectionKey
	Entry   Entry
	Sell    []section.Ticket    // inserted; a row already there fails the whole append with ErrTicketTaken
	Refund  []section.SeatIndex // deleted from tickets
}

// Tail is the last entry of a log, without its body. A zero Seq means that the log is empty.
type Tail struct {
	Kind   EntryKind
	Seq    section.Seq
	Epoch  section.Epoch
	Writer WriterID
	Batch  BatchID
	At     section.Instant
	Hash   Hash // of the entry itself: the next entry's Prev
}

// Log is the lock (DESIGN §5). Store promises, each guarded by storetest:
//
//	S1 An append is atomic: entry, sold and refunded tickets together, or nothing.
//	S2 nil means durable: it survives kill -9 and power loss.
//	S3 Two entries never share (section, seq). Seq ≤ tail with another Batch, or an Epoch below the tail's: *FencedError.
//	S4 An append whose Batch already stands at its Seq answers nil, and changes nothing (safe re-send).
//	S5 Seq beyond tail+1, a Prev that is not the tail's hash, or an Epoch that rises otherwise than by a claim: ErrGap; nothing is written.
//	S6 ErrUnknown is the only answer after which the append may or may not be there. Everything else is sure. (ErrUnavailable
//	   speaks of one sending: it does not resolve an earlier ErrUnknown of the same batch. Only nil, *FencedError, ErrGap and
//	   ErrTicketTaken do.)
//	S7 A ticket key that exists fails the append whole with ErrTicketTaken, unless the same append refunds that seat.
//	S8 Read yields entries in order without holes, verified against Prev; damage is a *CorruptError naming the seq.
//	S9 One append's failure says nothing of the others in its call.
type Log interface {
	// Commit appends each, in as few durable writes as the store can, and answers in the same order and length.
	// A caller never has two appends of one section in one call, nor two calls in flight for one section.
	// The store neither keeps nor changes the slices after it returns.
	Commit(ctx context.Context, appends []Append) []error
	Tail(ctx context.Context, key SectionKey) (Tail, error)
	// Read calls visit for entries with Seq > after, ascending, until visit returns an error (returned as is). The
	// entry and its body are valid only during the call. hash is the visited entry's own.
	Read(ctx context.Context, key SectionKey, after section.Seq, visit func(e *Entry, hash Hash) error) error
}

// Snapshot bounds replay; the log is what counts. Body is section.State's own encoding.
type Snapshot struct {
	Seq   section.Seq // state after this entry
	Epoch section.Epoch
	Hash  Hash // of entry Seq
	Body  []byte
}

// Snapshots keeps the newest snapshot of each section (older ones may be dropped). It need not be durable when
// SaveSnapshot returns: losing one costs a longer replay.
type Snapshots interface {
	// SaveSnapshot drops s without an error when one of a higher Seq is there: a slow writer must not undo a quick one.
	SaveSnapshot(ctx context.Context, key SectionKey, s Snapshot) error
	// LoadSnapshot answers ErrNotFound when there is none, and *CorruptError when its checksum is wrong.
	LoadSnapshot(ctx context.Context, key SectionKey) (Snapshot, error)
}

// SaleState is an event's sale switch.
type SaleState = onsale.State

// Sale states.
const (
	SaleOpen   SaleState = "open"
	SalePaused SaleState = "paused"
	SaleClosed SaleState = "closed"
	// SaleDeleted ends an event for ever: whatever was sold and returned stays in its logs, and nobody is shown it. It
	// stands where the switch does, so that builds of before the word keep the event closed.
	SaleDeleted SaleState = "deleted"
)

// Event is one catalog entry. Header fields are small and listed often; Venue is large and loaded once.
type Event struct {
	ID        EventID
	Name      string
	StartsAt  section.Instant
	CreatedAt section.Instant
	// StartsMinutes is how far the venue's clock is ahead of UTC at StartsAt, as it was given. 0: UTC, or an event of
	// an earlier build.
	StartsMinutes int16 `json:",omitempty"`
	// TimeZone is the venue's zone by IANA's name; empty: none was given, and the offset at StartsAt stands for all times.
	TimeZone string `json:",omitempty"`
	// SaleEndsAt is when the last new hold may begin, exclusive. 0: StartsAt, in events of earlier builds. See SaleEnd.
	SaleEndsAt section.Instant `json:",omitempty"`
	Currency   string          // ISO 4217
	Sale       SaleState
	Rules      section.Rules
	Prices     map[string]int64 // category label → what a seat costs in all, in minor units
	Sections   []SectionInfo
	// Create is the request that made the event (P5: a repeat of the same operator key finds it); zero if none.
	Create            section.RequestID
	CreateFingerprint uint64
	// WaitingRoom stands before the event's seats; nil: none does. It is set at creation and never changed: what
	// operators change later is in the gate's log.
	WaitingRoom *WaitingRoom `json:",omitempty"`
	// Pseudonyms is how a buyer's name becomes the id in the event's logs. It is set at creation and never changed.
	Pseudonyms PseudonymVersion `json:",omitempty"`
	// Forgotten says when and why the event's key was destroyed; nil: it was not. Once there it is never changed.
	Forgotten *Forgetting `json:",omitempty"`
	// Coordinators is how many coordinators the event's buyers are spread over, at most grant.Max. 0:
	// none, in events of earlier builds, whose holds carry no grants. It is set at creation and never changed.
	Coordinators uint8 `json:",omitempty"`
	// Pricing says how prices are kept and logged. It is set at creation and never changed.
	Pricing PricingVersion `json:",omitempty"`
	// Components is what prices of categories are made of that cost more than a face value. They come to what Prices
	// has: DecodeEvent refuses a header of which that is not true.
	Components map[string]price.Price `json:",omitempty"`
	// SaleNo is how often the sale switch was turned: each turn has a number of its own, which sections have in their
	// logs. 0: never, or by builds that did not count.
	SaleNo uint64 `json:",omitempty"`
	// Cancelled is there once the event is called off. Once there it is never changed.
	Cancelled *onsale.Cancellation `json:",omitempty"`
	// Postponed is there once the event is put off.
	Postponed *onsale.Postponement `json:",omitempty"`
	// MadeWith are the rules that the event was made with; nil: no edit has changed them, and Rules are those.
	MadeWith *section.Rules `json:",omitempty"`
	// TermsNo is the turn that was the last edit of Rules; 0: there was none. Edits are notes of the newest edits.
	TermsNo uint64       `json:",omitempty"`
	Edits   onsale.Edits `json:",omitempty"`
	// Types are kinds of tickets, of categories that have several; see price.List. Edits change them with Prices.
	Types map[string][]price.Type `json:",omitempty"`
	// PricesNo is the turn that was the last edit of Prices, Components and Types; 0: there was none. PricesMark is
	// what logs know that list by; 0: the event was made with it, and its own mark counts. Earlier are those that
	// counted before, oldest first: whoever held seats under one keeps it.
	PricesNo   uint64          `json:",omitempty"`
	PricesMark price.Mark      `json:",omitempty"`
	Earlier    []price.Edition `json:",omitempty"`
}

// PricingVersion is how an event's prices are kept and logged.
type PricingVersion uint8

// The versions.
const (
	// PricingPlain is of events of earlier builds: a total a category, and holds are logged without a price.
	PricingPlain PricingVersion = iota
	// PricingLogged is of events whose prices may have components, and whose holds are logged with their total (I12).
	PricingLogged
)

// PriceList is the event's prices, with the components of those that have some.
func (e *Event) PriceList() price.List {
	return price.List{Currency: e.Currency, Totals: e.Prices, Components: e.Components, Types: e.Types}
}

// SectionInfo is a section's header.
type SectionInfo struct {
	ID     string // unique in its event; part of seat ids
	Name   string
	Seats  uint32
	PartOf string `json:",omitempty"` // what the plan calls the section that this is a part of; empty: it is whole, or older than this field
}

// Catalog keeps events. Lists are in order of (CreatedAt, ID).
type Catalog interface {
	// CreateEvent stores event and venue (opaque bytes) at once; ErrExists if the id is there.
	CreateEvent(ctx context.Context, e *Event, venue []byte) error
	// SetSale changes the sale switch and remembers the call's key, in one durable write: both or neither. A key that
	// stands already changes nothing, whoever wrote it and however long ago: *RepeatedError. The zero key is no key, and
	// always changes the switch. SaleDeleted is for ever. ErrNotFound: no such event, or deleted; ErrForgotten: it may
	// be closed or deleted, and not be sold any more; ErrCancelled; ErrTooManyKeys; ErrUnknown: it may be done, so
	// repeat with the same key.
	SetSale(ctx context.Context, id EventID, s SaleState, key OperatorKey) error
	// ChangeSale is SetSale with what is announced by it; see Event.Switch.
	ChangeSale(ctx context.Context, id EventID, c onsale.Change, key OperatorKey) error
	// RememberKey remembers a key that is not there yet; else *RepeatedError, or ErrTooManyKeys. See OperatorKey.
	RememberKey(ctx context.Context, key OperatorKey) error
	// OperatorKey is the key of a request; ErrNotFound.
	OperatorKey(ctx context.Context, request section.RequestID) (OperatorKey, error)
	// ForgetKey is for a call that surely had no effect, which like any refused request may come again with another body.
	// A key that is not there is no error.
	ForgetKey(ctx context.Context, request section.RequestID) error
	// OperatorKeys calls visit for every remembered key, in order of request.
	OperatorKeys(ctx context.Context, visit func(OperatorKey) error) error
	Event(ctx context.Context, id EventID) (*Event, error)
	Venue(ctx context.Context, id EventID) ([]byte, error)
	Events(ctx context.Context) ([]*Event, error)
	// Secret returns the store's own 32 random bytes, made on first use: the key of ticket codes. It never changes.
	Secret(ctx context.Context) ([32]byte, error)
}

// Tickets reads the second guard's table.
type Tickets interface {
	// Tickets calls visit for the section's rows in seat order.
	Tickets(ctx context.Context, key SectionKey, visit func(section.Ticket) error) error
}

// NodeBeat is a node's heartbeat row: who is alive for the purpose of takeover (DESIGN §6).
type NodeBeat struct {
	Writer WriterID
	Name   string
	At     section.Instant
	// Gossip is the host:port where the other nodes of its cluster find it. Empty: it is part of no cluster, or of a
	// build that does not say. A store that no cluster can share drops it.
	Gossip string
}

// Nodes keeps heartbeat rows. A node that leaves in good order forgets its own; one that died leaves a row that no
// longer changes.
type Nodes interface {
	Beat(ctx context.Context, b NodeBeat) error
	// Nodes answers the newest row of each writer, in order of writer.
	Nodes(ctx context.Context) ([]NodeBeat, error)
	// Forget removes a writer's row: what it owned may be claimed at once. A row that is not there is no error.
	Forget(ctx context.Context, w WriterID) error
}

// Store is everything that survives. All methods are safe for concurrent use.
type Store interface {
	Log
	Snapshots
	Catalog
	EventKeys
	TicketKeys
	Contacts
	Feed
	Tickets
	Nodes
	// Sections lists every section key that has at least one log entry, ordered.
	Sections(ctx context.Context) ([]SectionKey, error)
	Close() error
}
