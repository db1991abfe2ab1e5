package wire

import (
	"errors"

	"holdfast/actors/gate"
	"holdfast/actors/section"
	"holdfast/actors/section/tariff"
	"holdfast/actors/trace"
	"holdfast/storage"
)

// Protocol is the version of these messages, lowest and highest that this build speaks. Two nodes whose ranges do not
// meet are not members of one cluster.
var Protocol = [2]uint8{1, 1}

// Kind is a message's first byte.
type Kind byte

// The messages.
const (
	KindSubscribe Kind = iota + 1
	KindServing
	KindRecord
	KindReleased
	KindAsk
	KindAnswer
	KindSearch
	KindCatalog
	KindCatalogSeen
	KindQuiesced
	KindCall
	KindReply
	KindFreeQuery
	KindFreeReply
	KindQuiesce
	KindSubscribed
	KindAcknowledged
)

// ErrFormat says that a message is not one of ours.
var ErrFormat = errors.New("peer: malformed message")

// Subscribe asks for the records of every section of an event that the other serves, now and later.
type Subscribe struct{ Event storage.EventID }

// Serving says that the sender serves a section, and how far its log has come: records after Seq follow as they land.
type Serving struct {
	Section storage.SectionKey
	Epoch   section.Epoch
	Seq     section.Seq
}

// Record is one durable entry of a section's log, in its stored form.
type Record struct {
	Section storage.SectionKey
	Entry   []byte
}

// Released says that the sender serves a section no longer. Successor is who should claim it; the zero id: nobody in
// particular.
type Released struct {
	Section   storage.SectionKey
	Epoch     section.Epoch
	Successor storage.WriterID
}

// Ask is one command on its way to the section of another node. Command.At is not sent: the section's owner says what
// time it is.
type Ask struct {
	ID       uint64 // of the asker, for the answer
	Patience uint32 // milliseconds that the asker still waits
	Section  storage.SectionKey
	Read     bool // of Command.Booking: nothing is judged
	Probe    bool // judged, not done
	Search   bool // part of a search over sections, which only the buyer's coordinator may run
	Keyed    bool // of a booking, under a key: on its way to the asker's coordinator, without a grant yet
	Command  section.Command
	Trace    *trace.Parent // nil: none. See KindTraced
}

// Code says what became of an ask.
type Code uint8

// The codes. Only Decided, NotTogether and SaleNotOpen are final; after Undecided nobody knows whether it was done.
const (
	Decided     Code = iota + 1 // Outcome is the answer
	Unavailable                 // surely not done: the section does not serve
	Overloaded                  // surely not done: too many are inside
	Moved                       // surely not done: Owner has it, as far as the sender knows
	Undecided                   // the section stopped while the request was inside
	SaleNotOpen                 // of a Search
	Mismatch                    // the key was used for something else
	NotTogether                 // of a Search: Free suitable seats, at most Largest of them in one section: Section
)

// Answer is the word on one Ask or Search.
type Answer struct {
	ID      uint64
	Code    Code
	Owner   storage.WriterID // of Moved
	Section storage.SectionNo
	At      section.Instant // when it was judged
	Outcome section.Outcome // of Decided; DependsOn is not sent

	Free, Largest uint32 // of NotTogether
}

// Search asks for the best seats of any section, on its way to the buyer's coordinator.
type Search struct {
	ID         uint64
	Patience   uint32
	Event      storage.EventID
	Operator   bool
	Accessible bool
	// AnyBuyerTotal is Command's.
	AnyBuyerTotal bool
	Quantity      uint32
	Category      string // empty: any
	// Section is what the plan calls one, which has several parts; empty: any. An older node does not read a Search with
	// one.
	Section     string
	Buyer       section.BuyerID
	Request     section.RequestID
	Fingerprint uint64
	// Session, Until and Began are of a buyer whom a waiting room has let in: the session, its end, and a record of the
	// gate's log at or behind its beginning. 0: none. An older node does not read a Search with one.
	Session gate.SessionNo
	Until   section.Instant
	Began   gate.Seq
	Trace   *trace.Parent // nil: none. See KindTraced
	Fare    *tariff.Fare  // what is asked for of the price, by names; nil: nothing. See KindFare
}

// FreeQuery asks which of the sections, served by the receiver as far as the asker knows, may have that many seats of
// the kind free. It asks for many at once what would otherwise cost the losers of a sold-out event a question a
// section.
type FreeQuery struct {
	ID         uint64
	Event      storage.EventID
	Quantity   uint32
	Accessible bool
	Sections   []storage.SectionNo
}

// FreeReply lists those of the sections that are not surely too full.
type FreeReply struct {
	ID       uint64
	Sections []storage.SectionNo
}

// Catalog says that the catalog has changed; the sender counts on it once it has heard CatalogSeen with the same
// number.
type Catalog struct{ Number uint64 }

// CatalogSeen says that the receiver has read the catalog since.
type CatalogSeen struct{ Number uint64 }

// Subscribed says that a Subscribe has been heard: records will follow, of what the sender serves now and will serve.
type Subscribed struct{ Event storage.EventID }

// Acknowledged says that record Seq of a section's log had been acknowledged, with this hash, and that the sender finds
// the log without it. The receiver looks for itself. Builds that do not know the message go on as they do.
type Acknowledged struct {
	Section storage.SectionKey
	Epoch   section.Epoch
	Seq     section.Seq
	Hash    storage.Hash
}

// ViewsMax bounds Quiesce.Views: a message with more is malformed.
const ViewsMax = 64

// Quiesce asks for Quiesced, with a number of the asker's own that is new with every view: a view may come back under
// the number that it had. Views are the versions of its newest views, that of Round last: a receiver may not have seen
// all of them.
type Quiesce struct {
	Round uint64
	Views []uint64
}

// Quiesced says that the sender has this view, and that nothing which it let in under an older one is still under way.
// Round is that of the newest Quiesce it had heard from the receiver then.
type Quiesced struct{ View, Round uint64 }

// Call is what an operator wants of another node: rare, so its body is JSON.
type Call struct {
	ID   uint64
	Name string
	Body []byte
}

// Reply is the word on a Call; Failure is empty when it was done.
type Reply struct {
	ID      uint64
	Failure string
	Body    []byte
}
