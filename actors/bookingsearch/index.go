package bookingsearch

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/section"
	"holdfast/storage"
)

// buyerIndexesMax bounds the bookings in all buyerIndexes: 64 MiB.
const buyerIndexesMax = 4 << 20

// BuyerIndex says who has bookings in an event that nobody has open, or was given tickets of some, and when they were
// placed: 16 bytes a booking. Two
// buyers whose pseudonyms begin alike are taken for one; then an event is opened in vain.
type BuyerIndex struct{ entries []entry }

type entry struct {
	who uint64 // the pseudonym's first bytes
	at  section.Instant
}

func who(buyer section.BuyerID) uint64 { return binary.BigEndian.Uint64(buyer[:]) }

// Add enters all bookings of a section.
func (r *BuyerIndex) Add(state *section.State) {
	state.Older(math.MaxUint64, math.MaxInt64, func(
		no section.BookingNo, _ section.BookingState, placed section.Instant, buyer section.BuyerID,
	) bool {
		r.entries = append(r.entries, entry{who(buyer), placed})
		state.Receivers(no, func(other section.BuyerID) { r.entries = append(r.entries, entry{who(other), placed}) })
		return true
	})
}

// Sort is called once all sections are in.
func (r *BuyerIndex) Sort() {
	slices.SortFunc(
		r.entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.who, b.who), cmp.Compare(b.at, a.at)) },
	)
	r.entries = slices.Clip(r.entries)
}

// Newest is the key than which no booking of the buyer in the event is newer that is older than after; false: there is
// none.
func (r *BuyerIndex) Newest(event storage.EventID, buyer section.BuyerID, after Key) (k Key, ok bool) {
	if after == (Key{}) {
		after = newest
	}
	i, _ := slices.BinarySearchFunc(
		r.entries, who(buyer), func(e entry, of uint64) int { return cmp.Compare(e.who, of) },
	)
	for ; i < len(r.entries) && r.entries[i].who == who(buyer); i++ {
		at := r.entries[i].at
		if at > after.At || at == after.At && bytes.Compare(event[:], after.ID.Section.Event[:]) > 0 {
			continue
		}
		k = Key{At: at, ID: booking.ID{Section: storage.SectionKey{Event: event, Section: math.MaxUint32},
			No: math.MaxUint64}}
		if older(k, after) < 0 {
			k = after
		}
		return k, true
	}
	return Key{}, false
}

// BuyerIndexes are those of a node. Each stands for one turn of its event's sale switch: nobody who is not in it can
// come to have a booking before the next turn. The zero value is empty; its methods are safe for concurrent use.
type BuyerIndexes struct {
	mu      sync.Mutex
	of      map[storage.EventID]kept
	size    int
	filling chan struct{} // nil: nobody reads
}

type kept struct {
	turn  uint64
	index *BuyerIndex
}

// Of is the index of an event at a turn of its switch; nil: it is to be read.
func (k *BuyerIndexes) Of(event storage.EventID, turn uint64) *BuyerIndex {
	k.mu.Lock()
	defer k.mu.Unlock()
	if one := k.of[event]; one.index != nil && one.turn == turn {
		return one.index
	}
	return nil
}

// keep takes a index in, and lets go of others where there is no room.
func (k *BuyerIndexes) keep(event storage.EventID, turn uint64, r *BuyerIndex) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil {
		k.of = map[storage.EventID]kept{}
	}
	k.drop(event)
	for other := range k.of {
		if k.size+len(r.entries) <= buyerIndexesMax {
			break
		}
		k.drop(other)
	}
	if k.size+len(r.entries) <= buyerIndexesMax {
		k.of[event] = kept{turn, r}
		k.size += len(r.entries)
	}
}

func (k *BuyerIndexes) drop(event storage.EventID) {
	if old := k.of[event]; old.index != nil {
		k.size -= len(old.index.entries)
		delete(k.of, event)
	}
}

// Show is an event of the house, for a search of one buyer's bookings.
type Show struct {
	Event  storage.EventID
	Buyer  section.BuyerID // the buyer's pseudonym there
	Turn   uint64          // of the event's sale switch
	Target *Target         // nil: nobody has it open here
	Open   func(ctx context.Context) (*Target, error)
}

// Reader is how buyerIndexes are read.
type Reader struct {
	Context context.Context // of reading, which goes on when nobody waits any more
	Spawn   func(work func()) bool
	Wait    func(ctx context.Context, patience time.Duration, done <-chan struct{})
	// Read gives an event's index, and the turn for which it stands.
	Read func(ctx context.Context, event storage.EventID) (r *BuyerIndex, turn uint64, err error)
}

// patience is how long a search waits for buyerIndexes that nobody has read yet.
const patience = 500 * time.Millisecond

// Search is Search over the house. Events of which nobody knows yet who has bookings in them are left out, and the page
// is Incomplete; they are read meanwhile.
func (k *BuyerIndexes) Search(ctx context.Context, shows []Show, q Query, r Reader) Page {
	var targets []*Target
	var shut []Show
	var unread []storage.EventID
	for _, s := range shows {
		if s.Target != nil {
			targets = append(targets, s.Target)
			continue
		}
		if shut = append(shut, s); k.Of(s.Event, s.Turn) == nil {
			unread = append(unread, s.Event)
		}
	}
	if len(unread) > 0 {
		r.Wait(ctx, patience, k.fill(unread, &r))
	}
	var closed []Closed
	unknown := false
	for _, s := range shut {
		index := k.Of(s.Event, s.Turn)
		if index == nil {
			unknown = true
		} else if at, has := index.Newest(s.Event, s.Buyer, q.After); has {
			closed = append(closed, Closed{Newest: at, Open: s.Open})
		}
	}
	page := Search(ctx, targets, closed, q)
	page.Incomplete = page.Incomplete || unknown
	return page
}

// fill reads the buyerIndexes of events, one after the other, once for all who want some: the channel is closed when
// the reading that is under way has ended. What cannot be read now is left out.
func (k *BuyerIndexes) fill(events []storage.EventID, r *Reader) (done <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.filling != nil {
		return k.filling
	}
	filling := make(chan struct{})
	started := r.Spawn(func() {
		for _, event := range events {
			if r.Context.Err() != nil {
				break
			}
			if index, turn, err := r.Read(r.Context, event); err == nil {
				k.keep(event, turn, index)
			}
		}
		k.mu.Lock()
		k.filling = nil
		k.mu.Unlock()
		close(filling)
	})
	if k.filling = filling; !started {
		k.filling = nil
		close(filling)
	}
	return filling
}
