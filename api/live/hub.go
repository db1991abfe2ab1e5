package live

import (
	"strings"
	"sync"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/document"
	"holdfast/api/live/fanout"
	"holdfast/storage"
)

// hub turns one event's deltas into frames (P9). It is the source of a fan's hub, which brings them to the clients.
//
//	Live.Deltas ──► pull ──► past: steps, shared with the map ──► Since(place): one frame over all steps after it
//	                  └────► letters ──► snapshot (encoded once a version), checkpoints
//
// Coalescing: the first change after a quiet time leaves at once; the next is taken over at the earliest Config.Flush
// later. Whoever is behind gets the records of a section merged: each seat once, with the newest letter, and the range
// of records told.
//
// Invariant (under mu): letters and seqs are the map at version, and the past's last step ends there.
type hub struct {
	live  actors.LiveMap
	cfg   *Config
	meter *meter
	ids   []string // section ids by number, as JSON strings
	heads [][]byte
	// incarnation is in every frame's id: a client of another life of the counter gets a snapshot.
	incarnation string
	fan         *fanout.Hub
	ended       chan struct{} // closed when the hub ends; clients leave then

	mu         sync.Mutex
	version    uint64
	sections   []hubSection
	seats      uint64 // of all sections
	past       past
	merging    merging
	frames     map[fanout.Place]*fanout.Frame // by where they begin; they end at the newest place
	snapshot   *fanout.Frame                  // nil: of an older place
	lastPush   time.Time
	lastClient time.Time
}

type hubSection struct {
	seq     section.Seq
	letters []byte
	changed bool   // since its last checkpoint
	proof   []byte // the letters' hash, in hexadecimal
	proven  bool   // proof is of the letters as they are
}

func newHub(m *eventMap, cfg *Config, meter *meter, fan *fanout.Fan) *hub {
	h := &hub{live: m.live, cfg: cfg, meter: meter, heads: m.heads, incarnation: document.NewIncarnation(),
		ended: make(chan struct{}), sections: make([]hubSection, len(m.heads)),
		frames: map[fanout.Place]*fanout.Frame{}}
	h.fan = fan.NewHub(h)
	h.past.bytesMax = cfg.RingBytes
	for _, head := range m.heads {
		id := strings.TrimSuffix(strings.TrimPrefix(string(head), `{"id":`), `,"seq":`)
		h.ids = append(h.ids, id)
	}
	h.lastPush, h.lastClient = time.Now(), time.Now()
	h.reload()
	return h
}

// Count is how many clients follow.
func (h *hub) Count() int { return h.fan.Count() }

// End ends the hub and its streams. It is called once.
func (h *hub) End() {
	close(h.ended)
	h.fan.End()
}

// hubLinger is how long a hub without clients keeps its ring for those who reconnect.
const hubLinger = time.Minute

// run follows the map until the hub ends. tend is called from time to time, and told when nobody has listened for long;
// it may end the hub.
func (h *hub) run(tend func(h *hub, lonely bool)) {
	checkpoints := time.NewTicker(h.cfg.Checkpoint)
	defer checkpoints.Stop()
	heartbeat := time.NewTicker(h.cfg.Heartbeat / 4)
	defer heartbeat.Stop()
	flush := time.NewTimer(0)
	defer flush.Stop()
	var resting bool // within Config.Flush of the last flush
	for {
		changed := h.live.Changed()
		if !resting && h.pull() {
			resting = true
			flush.Reset(h.cfg.Flush)
		}
		if resting {
			changed = nil
		}
		select {
		case <-changed:
		case <-flush.C:
			resting = false
		case <-checkpoints.C:
			h.checkpoint()
		case <-heartbeat.C:
			tend(h, h.beat())
		case <-h.ended:
			return
		}
	}
}

// pull takes over the deltas since the last time; false when there were none.
func (h *hub) pull() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.live.Version() == h.version {
		return false
	}
	whole := h.live.Deltas(h.version, func(version uint64, d *actors.Delta) {
		h.apply(version, d)
		h.past.add(&step{version: version, delta: *d, record: true})
	})
	if !whole {
		h.reload()
	}
	h.announce()
	return true
}

func (h *hub) apply(version uint64, d *actors.Delta) {
	s := &h.sections[d.Section]
	for _, change := range d.Changes {
		s.letters[change.Seat] = byte(change.Letter)
	}
	s.seq, s.changed, s.proven = d.Seq, true, false
	h.version = version
}

// reload copies the whole map: at the start, and when the deltas were forgotten before we came for them.
func (h *hub) reload() {
	h.seats = 0
	h.version = h.live.Read(func(no storage.SectionNo, s actors.SectionStatus) {
		own := &h.sections[no]
		own.seq, own.changed, own.proven = s.Seq, true, false
		own.letters = append(own.letters[:0], s.Letters...)
		h.seats += uint64(len(s.Letters))
	})
	h.past.forget(h.version)
}

// announce has the clients told. mu is held.
func (h *hub) announce() {
	h.lastPush = time.Now()
	clear(h.frames)
	h.snapshot = nil
	h.fan.Wake()
}

// checkpoint lets clients prove the sections that changed.
func (h *hub) checkpoint() {
	h.mu.Lock()
	defer h.mu.Unlock()
	var changed []int
	for i := range h.sections {
		if h.sections[i].changed {
			changed = append(changed, i)
			h.sections[i].changed = false
		}
	}
	if len(changed) > 0 {
		h.past.add(&step{version: h.version, sections: changed})
		h.announce()
	}
}

// beat breaks a silence that a proxy might take for death, and notices when nobody listens any more.
func (h *hub) beat() (lonely bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	clients := h.fan.Count()
	lonely = clients == 0 && now.Sub(h.lastClient) > hubLinger
	if clients > 0 && now.Sub(h.lastPush) >= h.cfg.Heartbeat*3/4 {
		h.past.add(&step{version: h.version})
		h.announce()
	}
	return lonely
}
