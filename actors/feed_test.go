package actors

import (
	"context"
	"encoding/hex"
	"fmt"
	"sync"
	"testing"
	"time"

	"holdfast/actors/feed"
	"holdfast/actors/feed/envelope"
	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

// consumer is what a receiver that trusts nobody keeps: events by shard, the first time of each in order.
type consumer struct {
	mu    sync.Mutex
	seen  map[string]bool
	first map[string][]envelope.Event // by shard
	again int
	news  chan struct{}
}

func newConsumer() *consumer {
	return &consumer{seen: map[string]bool{}, first: map[string][]envelope.Event{}, news: make(chan struct{}, 1)}
}

// ear is one node's way to a consumer.
type ear struct{ *consumer }

func (ear) Name() string           { return "consumer" }
func (ear) Since() section.Instant { return 0 }
func (ear) Parallel() int          { return 4 }

func (c ear) Tell(_ context.Context, t *feed.Telling) feed.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range t.Events {
		e := t.Events[i]
		if c.seen[e.ID] {
			c.again++
			continue
		}
		c.seen[e.ID] = true
		c.first[e.PartitionKey] = append(c.first[e.PartitionKey], e)
	}
	select {
	case c.news <- struct{}{}:
	default:
	}
	return feed.Result{Done: len(t.Events)}
}

// follow checks that every shard's events are a chain without a gap, and answers the last record of each.
func (c *consumer) follow(t *testing.T) (last map[string]string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	last = map[string]string{}
	for shard, events := range c.first {
		hash, record, change := fmt.Sprintf("%064x", 0), "", 0
		for i := range events {
			e := &events[i]
			if change == e.Change && change > 0 && e.Sequence == record { // the next of the same record
				change = (change + 1) % e.Changes
				hash = e.Hash
				continue
			}
			if change != 0 || e.Change != 0 || e.PreviousHash != hash {
				t.Fatalf("P15: at %s the chain of %s is broken", e.ID, shard)
			}
			if record, change = e.Sequence, 1%e.Changes; change == 0 {
				hash = e.Hash
			}
		}
		last[shard] = hash
	}
	return last
}

// caughtUp waits until a consumer has heard of the last record of every section's log.
func (c *consumer) caughtUp(t *testing.T, store storage.Store, event storage.EventID, sections int) {
	t.Helper()
	late := time.After(patience)
	for {
		missing := 0
		for no := range storage.SectionNo(sections) {
			key := storage.SectionKey{Event: event, Section: no}
			tail, err := store.Tail(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			c.mu.Lock()
			events := c.first[fmt.Sprintf("%v/%d", event, no)]
			if tail.Seq > 0 && (len(events) == 0 || events[len(events)-1].Hash != hex.EncodeToString(tail.Hash[:])) {
				missing++
			}
			c.mu.Unlock()
		}
		if missing == 0 {
			return
		}
		select {
		case <-c.news:
		case <-time.After(100 * time.Millisecond): // a record that nobody is told of
		case <-late:
			t.Fatalf("P15: of %d sections the last record is not told", missing)
		}
	}
}

// states folds what a consumer got into where each booking stands.
func (c *consumer) states() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]string{}
	for _, events := range c.first {
		for i := range events {
			switch e := &events[i]; e.Type {
			case "booking.held", "booking.confirmed", "booking.released", "booking.expired", "booking.refunded":
				all[e.Data.Booking] = e.Type[len("booking."):]
			}
		}
	}
	return all
}

// TestP15AConsumerRebuildsWhatTheEngineSays: bookings of one section and of two, wherever the node ends and however the
// store fails; the chain has no gap, and the fold of it is the truth.
func TestP15AConsumerRebuildsWhatTheEngineSays(t *testing.T) {
	for crash := range 6 {
		b := newBox(t, boxRules(), Config{})
		b.close()
		c := newConsumer()
		start := func() *feed.Feed {
			f := feed.Open(feed.Config{Store: b.store})
			f.Add(ear{c})
			b.config.Feed = f
			b.open()
			return f
		}
		f := start()
		var views []BookingView
		var keep sync.Mutex
		book := func(who byte, end int, seats ...string) {
			view, err := b.hold(caller(who, uint64(who)), seats...)
			if err != nil {
				return // the store failed: no promise was made
			}
			keep.Lock()
			views = append(views, view)
			keep.Unlock()
			switch end {
			case 0:
				_, _ = b.confirm(view.ID, caller(who, 100), "tok_ok") // judged by how the booking stands at the end
			case 1:
				_ = b.e.Release(view.ID, caller(who, 100), patience, &view)
			}
		}
		book(1, 0, "A-1-1", "A-1-2")
		book(2, 1, "B-1-1")
		b.store.Add(faultstore.Rule{Op: faultstore.OpCatalog, After: crash, Do: faultstore.Fail, Times: 4})
		book(3, 0, "A-1-4", "B-1-3")
		book(4, 2, "A-2-1")
		f.Close()
		b.store.Heal()
		b.close()
		f = start()
		book(5, 0, "B-1-5")
		c.caughtUp(t, b.store, b.event, 2)
		c.follow(t)
		told := c.states()
		for _, view := range views {
			now := b.booking(view.ID)
			if got := told[view.ID.String()]; got != now.State.String() {
				t.Errorf("P15: booking of %v is %v, and was told as %q", now.Seats, now.State, got)
			}
		}
		f.Close()
		if len(views) < 4 {
			t.Errorf("only %d bookings came about", len(views))
		}
	}
}

// TestP15OrdersAreToldWholeAtTheirHome: seats of both sections, the total of both, and each leg's own words.
func TestP15OrdersAreToldWholeAtTheirHome(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	view := b.mustHold(caller(1, 1), "A-1-1", "A-1-2", "B-1-3")
	if _, err := b.confirm(view.ID, caller(1, 2), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	c := newConsumer()
	f := feed.Open(feed.Config{Store: b.store})
	defer f.Close()
	f.Add(ear{c})
	c.caughtUp(t, b.store, b.event, 2)
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]envelope.Event{}
	for _, events := range c.first {
		for _, e := range events {
			found[e.Type] = e
		}
	}
	sold := found["booking.confirmed"].Data
	if fmt.Sprint(sold.Seats) != "[{A [A-1-1 A-1-2]} {B [B-1-3]}]" || len(sold.Legs) != 1 || sold.Total == nil ||
		sold.Total.Amount != 3*4500 {
		t.Errorf("P15: the order is told as %+v", sold)
	}
	if leg := found["leg.bound"]; fmt.Sprint(leg.Data.Seats) != "[{B [B-1-3]}]" || leg.Subject != sold.Legs[0].Leg ||
		leg.Data.Order == nil || leg.Data.Order.Home != "A" {
		t.Errorf("P15: its leg is told as %+v", leg)
	}
}

// TestP15ANewOwnerGoesOnFromTheCursor: sections move, a node dies, and no record is left out.
func TestP15ANewOwnerGoesOnFromTheCursor(t *testing.T) {
	c := newConsumer()
	var feeds []*feed.Feed
	var mu sync.Mutex
	f := newFleetWith(t, 3, fleetPlan, 8, func(config *Config) {
		var node struct {
			sync.Mutex
			view func() View
		}
		writer, peers := config.Writer, config.Peers
		node.view = peers.View
		one := feed.Open(feed.Config{Store: config.Store, Here: func(key storage.SectionKey) bool {
			view := node.view()
			return view != nil && len(view.Peers()) > 0 && view.Owner(key) == writer
		}})
		one.Add(ear{c})
		config.Feed = one
		mu.Lock()
		feeds = append(feeds, one)
		mu.Unlock()
	})
	t.Cleanup(func() {
		for _, one := range feeds {
			one.Close()
		}
	})
	book := func(who byte) {
		for i, no := range "ABCDEFGH" {
			node := f.living()[i%len(f.living())]
			var out BookingView
			call := &BookCall{Event: f.event, Caller: caller(who, uint64(who)*100+uint64(i)+1),
				Seats: []string{fmt.Sprintf("%c-1-%d", no, who)}}
			deadline := time.Now().Add(patience)
			for err := node.e.Book(call, patience, &out); err != nil; err = node.e.Book(call, patience, &out) {
				if time.Now().After(deadline) {
					t.Fatal(err)
				}
			}
		}
	}
	book(1)
	f.agree(f.nodes[0]) // it hands over what it has
	f.eventually("every section serves", func() bool { return f.serving() == 8 })
	book(2)
	dead := f.nodes[1]
	feeds[1].Close()
	f.kill(dead)
	f.lapse(dead)
	f.agree()
	f.eventually("every section serves", func() bool { return f.serving() == 8 })
	book(3)
	c.caughtUp(t, f.store, f.event, 8)
	if last := c.follow(t); len(last) != 8 {
		t.Errorf("P15: %d of 8 sections were told", len(last))
	}
}
