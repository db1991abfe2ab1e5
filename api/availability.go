package api

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors"
	"holdfast/api/wire"
	"holdfast/storage"
)

// maps keeps what browsers read most: each event's availability, encoded.
type maps struct {
	mu      sync.RWMutex
	byEvent map[storage.EventID]*eventMap
}

// eventMapsMax bounds the events whose documents are kept. Beyond it those go that nobody has read since it was last
// met.
const eventMapsMax = 1024

// eventMap is one event's availability documents. It stands for one LiveMap: when the engine makes another, a new one
// replaces it, with a new incarnation, so that an ETag never means two maps.
type eventMap struct {
	live        actors.LiveMap
	incarnation string
	heads       [][]byte // by section: `{"id":"A","seq":`
	plain       fresh
	packed      fresh
	used        atomic.Bool // since the bound was last met
}

// How often the documents may be rebuilt under load; see fresh.
const (
	plainEvery, plainBurst   = 2 * time.Millisecond, 32 * time.Millisecond
	packedEvery, packedBurst = 20 * time.Millisecond, 80 * time.Millisecond
)

func newMaps() *maps { return &maps{byEvent: map[storage.EventID]*eventMap{}} }

func newEventMap(event *storage.Event, live actors.LiveMap) *eventMap {
	m := &eventMap{live: live, incarnation: newIncarnation()}
	m.plain.every, m.plain.burst = plainEvery, plainBurst
	m.packed.every, m.packed.burst = packedEvery, packedBurst
	for i := range event.Sections {
		head := wire.AppendString([]byte(`{"id":`), event.Sections[i].ID)
		m.heads = append(m.heads, append(head, `,"seq":`...))
	}
	return m
}

// live finds an event's projection; the first time may load sections, so that alone has a deadline.
func (h *liveHandlers) live(id storage.EventID) (*eventMap, error) {
	h.maps.mu.RLock()
	m := h.maps.byEvent[id]
	h.maps.mu.RUnlock()
	ctx := context.Background()
	if m == nil {
		var cancel context.CancelFunc
		ctx, cancel = deadline(h.cfg.Timeout)
		defer cancel()
	}
	live, err := h.engine.Live(ctx, id)
	if err != nil {
		return nil, err
	}
	if m != nil && m.live == live {
		if !m.used.Load() {
			m.used.Store(true)
		}
		return m, nil
	}
	event, err := h.engine.Event(id)
	if err != nil {
		return nil, err
	}
	return h.maps.put(id, event, live), nil
}

func (s *maps) put(id storage.EventID, event *storage.Event, live actors.LiveMap) *eventMap {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.byEvent[id]; m != nil && m.live == live {
		return m
	}
	m := newEventMap(event, live)
	m.used.Store(true)
	if len(s.byEvent) >= eventMapsMax {
		s.forget()
	}
	s.byEvent[id] = m
	return m
}

// forget makes room: what nobody has read since the last time, then any until a quarter is free. mu is held.
func (s *maps) forget() {
	for id, m := range s.byEvent {
		if !m.used.Swap(false) {
			delete(s.byEvent, id)
		}
	}
	for id := range s.byEvent { // in random order, which no caller can aim
		if len(s.byEvent) <= eventMapsMax*3/4 {
			return
		}
		delete(s.byEvent, id)
	}
}

// newestLive is the event's map as the engine has it now. It waits as long as a request may.
func (h *liveHandlers) newestLive(id storage.EventID) (actors.LiveMap, error) {
	ctx, cancel := deadline(h.cfg.Timeout)
	defer cancel()
	return h.engine.Live(ctx, id)
}

func (m *eventMap) document(now time.Duration) (*document, error) {
	return m.plain.get(m.live.Version(), now, m.build)
}

func (m *eventMap) build() (*document, error) {
	size := 64
	if old := m.plain.newest(); old != nil {
		size = len(old.body) + 64
	}
	body := append(make([]byte, 0, size), `{"sections":[`...)
	version := m.live.Read(func(no storage.SectionNo, s actors.SectionStatus) {
		if no > 0 {
			body = append(body, ',')
		}
		body = appendSection(body, m.heads[no], uint64(s.Seq), s.Letters, s.Free)
	})
	body = append(body, "]}"...)
	return &document{version: version, etag: m.etag(version, ""), body: body}, nil
}

// appendSection appends one section of the availability; head is its id and the name of seq.
func appendSection(dst, head []byte, seq uint64, letters []byte, free int) []byte {
	dst = strconv.AppendUint(append(dst, head...), seq, 10)
	dst = append(append(dst, `,"status":"`...), letters...)
	dst = strconv.AppendInt(append(dst, `","free":`...), int64(free), 10)
	return append(dst, '}')
}

func (m *eventMap) etag(version uint64, variant string) []byte {
	tag := append([]byte{'"'}, m.incarnation...)
	tag = strconv.AppendUint(append(tag, '.'), version, 16)
	return append(append(tag, variant...), '"')
}

// packedDocument is the gzip variant, with an ETag of its own: strong tags mean the same bytes.
func (m *eventMap) packedDocument(now time.Duration) (*document, error) {
	return m.packed.get(m.live.Version(), now, func() (*document, error) {
		plain, err := m.document(now)
		if err != nil {
			return nil, err
		}
		body, err := packFast(plain.body)
		return &document{version: plain.version, etag: m.etag(plain.version, "-gzip"), body: body}, err
	})
}

func (h *liveHandlers) getAvailability(r *request) error {
	id, err := r.event()
	if err != nil {
		return err
	}
	m, err := h.live(id)
	if err != nil {
		return err
	}
	now := r.start
	if wantsGzip(r.ctx) {
		d, err := m.packedDocument(now)
		if err != nil {
			return err
		}
		d.send(r.ctx, true, jsonType, revalidate)
		return nil
	}
	d, err := m.document(now)
	if err != nil {
		return err
	}
	d.send(r.ctx, false, jsonType, revalidate)
	return nil
}
