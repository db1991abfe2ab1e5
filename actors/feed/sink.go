package feed

import (
	"context"
	"math/rand/v2"
	"time"

	"holdfast/actors/feed/envelope"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Sink is a consumer: an endpoint of a webhook, a mailer, a topic. Its methods but Tell may be called at any time. One
// that keeps things by shard may have a method Moved() besides: it is called when other shards may be this node's now.
type Sink interface {
	// Name is under what the sink's cursors stand, of at most NameMax bytes. No two sinks have the same, ever.
	Name() string
	// Since is from when on a shard is told of which there is no cursor: from its first record at that time or later.
	Since() section.Instant
	// Parallel is how many shards are told at once, at least 1.
	Parallel() int
	// Tell is given events of one shard, in order, and says how many of them are done with. It may wait as long as it
	// must, and holds up no other sink. Of one shard it has one call at a time.
	Tell(ctx context.Context, t *Telling) Result
}

// NameMax bounds a sink's name.
const NameMax = 64

// Telling is what a sink is to tell: events of whole records of one shard.
type Telling struct {
	Shard  storage.SectionKey
	Events []envelope.Event // at least one
	Refs   []Ref            // where each stands
}

// Ref names one change for ever, in 30 bytes; its event can be made again from the log.
type Ref struct {
	Shard storage.SectionKey
	Seq   section.Seq
	N     uint16
}

// Result is what became of a telling.
type Result struct {
	// Done is how many of the first events need not come again: they were told, or are seen to by Items.
	Done int
	// Items are made durable before the cursor passes the events that are done.
	Items []storage.FeedItem
	// Pause is how long the shard waits where not all are done. 0: the rest comes at once, or after a second where
	// none is done.
	Pause time.Duration
}

// Status is how far a sink is.
type Status struct {
	Name   string
	Behind int           // shards with records that are not told yet
	Oldest time.Duration // age of the oldest of these records
	Stuck  int           // shards whose log cannot be followed: damaged, or another one than was told
	Events uint64        // told, since the start
	// What the sink says of itself; nil: it says nothing. A sink does by methods Trouble() error, Buffered() int and
	// Lost() uint64.
	Failing  *bool   // it does not take what it is told
	Buffered *int    // bytes on their way
	Lost     *uint64 // times that it was found to lack what it was told
}

// Jittered is a pause of a half to one and a half, so that what failed together is not tried again together.
func Jittered(d time.Duration) time.Duration { return d/2 + rand.N(d) }
