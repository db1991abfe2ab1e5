package baselines

import (
	"context"
	"slices"
	"sync"
	"time"
)

// memory is the ceiling: what the same HTTP face does when a booking costs a mutex and a map, and nothing survives the
// process.
type memory struct {
	mu     sync.RWMutex
	shows  map[int32]*memoryEvent
	shards [memoryShards]memoryShard
}

const memoryShards = 64

// memoryShard is a part of all bookings, by id.
type memoryShard struct {
	mu       sync.Mutex
	bookings map[id]*memoryBooking
}

// memoryEvent is an event's sections, each with a lock of its own.
type memoryEvent struct{ sections []memorySection }

// memorySection is who has each seat: nil, or a booking that may have lapsed meanwhile. The lock guards the seats and
// the bookings that are in this section.
type memorySection struct {
	mu    sync.Mutex
	first int32
	seats []*memoryBooking
}

type memoryBooking struct {
	booking
	buyer      id
	section    *memorySection
	ttl        time.Duration
	ceilingAt  time.Time
	lastChange id
}

func newMemory() *memory {
	m := &memory{shows: map[int32]*memoryEvent{}}
	for i := range m.shards {
		m.shards[i].bookings = map[id]*memoryBooking{}
	}
	return m
}

func (m *memory) close() error { return nil }

func (m *memory) create(_ context.Context, e *event) error {
	made := &memoryEvent{sections: make([]memorySection, len(e.sections))}
	for i, s := range e.sections {
		made.sections[i].first = s.first
		made.sections[i].seats = make([]*memoryBooking, s.end-s.first)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shows[e.number] = made
	return nil
}

func (m *memory) section(e *event, seat int32) *memorySection {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return &m.shows[e.number].sections[e.sectionOf(seat)]
}

func (m *memory) shard(booking id) *memoryShard { return &m.shards[booking[0]%memoryShards] }

func (m *memory) lookUp(booking id) *memoryBooking {
	shard := m.shard(booking)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return shard.bookings[booking]
}

// file keeps a new booking, unless there is one of that id.
func (m *memory) file(b *memoryBooking) bool {
	shard := m.shard(b.id)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.bookings[b.id] != nil {
		return false
	}
	shard.bookings[b.id] = b
	return true
}

// isFree says whether a seat may be taken.
func (s *memorySection) isFree(seat int32, now time.Time) bool {
	holder := s.seats[seat-s.first]
	return holder == nil || holder.state == held && !holder.expiresAt.After(now)
}

func (m *memory) hold(ctx context.Context, t *task) (verdict, error) {
	given := m.take(t, func(*memorySection, time.Time) []int32 { return t.seats })
	return m.orEarlier(ctx, t, given)
}

func (m *memory) best(ctx context.Context, t *task) (verdict, error) {
	given := m.take(t, func(s *memorySection, now time.Time) []int32 {
		var open []int32
		for seat := t.from; seat < t.to; seat++ {
			if s.isFree(seat, now) {
				open = append(open, seat)
			}
		}
		return choose(t.event, open, t.quantity, first)
	})
	return m.orEarlier(ctx, t, given)
}

// orEarlier looks, after a refusal, for the booking that the same request was granted before.
func (m *memory) orEarlier(ctx context.Context, t *task, given verdict) (verdict, error) {
	if given == granted {
		return granted, nil
	}
	if earlier, err := m.find(ctx, t); earlier == granted {
		return granted, err
	}
	return given, nil
}

// take holds the seats that are wished for, all of one section, under its lock; none means that there are too few.
func (m *memory) take(t *task, wished func(s *memorySection, now time.Time) []int32) verdict {
	s := m.section(t.event, append(t.seats, t.from)[0])
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	seats := wished(s, now)
	for _, seat := range seats {
		if !s.isFree(seat, now) {
			t.lost = append(t.lost, seat)
		}
	}
	switch {
	case seats == nil:
		return noneLeft
	case len(t.lost) > 0:
		return seatTaken
	}
	made := &memoryBooking{buyer: t.buyer, section: s, ttl: t.event.ttl, ceilingAt: now.Add(t.event.ceiling),
		booking: booking{id: t.booking, event: t.event.number, state: held, seats: slices.Clone(seats),
			expiresAt: now.Add(t.event.ttl)}}
	if !m.file(made) {
		return tooBusy // orEarlier knows better
	}
	for _, seat := range seats {
		s.seats[seat-s.first] = made
	}
	made.tell(t, now)
	return granted
}

// tell copies the booking as it stands.
func (b *memoryBooking) tell(t *task, now time.Time) {
	seats := append(t.got.seats[:0], b.seats...)
	t.got = b.booking
	t.got.seats = seats
	if b.state == held && !b.expiresAt.After(now) {
		t.got.state = lapsed
	}
}

// with runs do on t's booking, under the lock of its section.
func (m *memory) with(t *task, do func(b *memoryBooking, now time.Time) verdict) verdict {
	b := m.lookUp(t.booking)
	if b == nil || b.buyer != t.buyer {
		return bookingUnknown
	}
	b.section.mu.Lock()
	defer b.section.mu.Unlock()
	now := time.Now()
	given := do(b, now)
	b.tell(t, now)
	return given
}

func (m *memory) find(_ context.Context, t *task) (verdict, error) {
	return m.with(t, func(*memoryBooking, time.Time) verdict { return granted }), nil
}

func (m *memory) change(_ context.Context, t *task, c change) (verdict, error) {
	return m.with(t, func(b *memoryBooking, now time.Time) verdict {
		stands := standing{state: b.state, over: !b.expiresAt.After(now), expiresAt: b.expiresAt,
			ceilingAt: b.ceilingAt, lastChange: b.lastChange}
		if refusal := stands.refusal(t, c); refusal != granted || b.state != held || b.lastChange == t.request {
			return refusal
		}
		b.apply(c, t, now)
		return granted
	}), nil
}

// apply changes a live hold.
func (b *memoryBooking) apply(c change, t *task, now time.Time) {
	b.lastChange = t.request
	switch c {
	case extend:
		if end := now.Add(b.ttl); end.Before(b.ceilingAt) {
			b.expiresAt = end
		} else {
			b.expiresAt = b.ceilingAt
		}
	case release:
		b.state = released
		for _, seat := range b.seats {
			b.section.seats[seat-b.section.first] = nil
		}
	case confirm:
		b.state = sold
	}
}

func (m *memory) letters(_ context.Context, e *event, dst []byte) ([]byte, error) {
	m.mu.RLock()
	shown := m.shows[e.number]
	m.mu.RUnlock()
	for i := range shown.sections {
		dst = shown.sections[i].letters(dst)
	}
	return dst, nil
}

func (s *memorySection) letters(dst []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for i, holder := range s.seats {
		switch {
		case s.isFree(s.first+int32(i), now):
			dst = append(dst, 'a')
		case holder.state == sold:
			dst = append(dst, 's')
		default:
			dst = append(dst, 'h')
		}
	}
	return dst
}
