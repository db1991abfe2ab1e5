package live

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors"
	"holdfast/api/call"
	"holdfast/api/document"
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
	plain       document.Fresh
	packed      document.Fresh
	used        atomic.Bool // since the bound was last met
}

// How often the documents may be rebuilt under load; see fresh.
const (
	plainEvery, plainBurst   = 2 * time.Millisecond, 32 * time.Millisecond
	packedEvery, packedBurst = 20 * time.Millisecond, 80 * time.Millisecond
)

func newMaps() *maps { return &maps{byEvent: map[storage.EventID]*eventMap{}} }

func newEventMap(event *storage.Event, live actors.LiveMap) *eventMap {
	m := &eventMap{live: live, incarnation: document.NewIncarnation()}
	m.plain.Every, m.plain.Burst = plainEvery, plainBurst
	m.packed.Every, m.packed.Burst = packedEvery, packedBurst
	for i := range event.Sections {
		head := wire.AppendString([]byte(`{"id":`), event.Sections[i].ID)
		m.heads = append(m.heads, append(head, `,"seq":`...))
	}
	return m
}

// live finds an event's projection; the first time may load sections, so that alone has a deadline.
func (h *Handlers) live(id storage.EventID) (*eventMap, error) {
	h.maps.mu.RLock()
	m := h.maps.byEvent[id]
	h.maps.mu.RUnlock()
	ctx := context.Background()
	if m == nil {
		var cancel context.CancelFunc
		ctx, cancel = call.Deadline(h.cfg.Timeout)
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
func (h *Handlers) newestLive(id storage.EventID) (actors.LiveMap, error) {
	ctx, cancel := call.Deadline(h.cfg.Timeout)
	defer cancel()
	return h.engine.Live(ctx, id)
}

func (m *eventMap) document(now time.Duration) (*document.Document, error) {
	return m.plain.Get(m.live.Version(), now, m.build)
}

func (m *eventMap) build() (*document.Document, error) {
	size := 64
	if old := m.plain.Newest(); old != nil {
		size = len(old.Body) + 64
	}
	body := append(make([]byte, 0, size), `{"sections":[`...)
	version := m.live.Read(func(no storage.SectionNo, s actors.SectionStatus) {
		if no > 0 {
			body = append(body, ',')
		}
		body = appendSection(body, m.heads[no], uint64(s.Seq), s.Letters, s.Free)
	})
	body = append(body, "]}"...)
	return &document.Document{Version: version, ETag: m.etag(version, ""), Body: body}, nil
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
func (m *eventMap) packedDocument(now time.Duration) (*document.Document, error) {
	return m.packed.Get(m.live.Version(), now, func() (*document.Document, error) {
		plain, err := m.document(now)
		if err != nil {
			return nil, err
		}
		body, err := document.PackFast(plain.Body)
		return &document.Document{Version: plain.Version, ETag: m.etag(plain.Version, "-gzip"), Body: body}, err
	})
}

// Availability shows the state of every seat of an event.
func (h *Handlers) Availability(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	m, err := h.live(id)
	if err != nil {
		return err
	}
	now := r.Start
	if document.WantsGzip(r.Ctx) {
		d, err := m.packedDocument(now)
		if err != nil {
			return err
		}
		d.Send(r.Ctx, true, document.JSON, document.Revalidate)
		return nil
	}
	d, err := m.document(now)
	if err != nil {
		return err
	}
	d.Send(r.Ctx, false, document.JSON, document.Revalidate)
	return nil
}
