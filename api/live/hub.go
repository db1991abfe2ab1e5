package live

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/document"
	"holdfast/api/wire"
	"holdfast/storage"
)

// hub turns one event's deltas into frames and keeps them for its clients (P9).
//
//	Live.Deltas ──► pull ──► chunk (encoded once) ──► ring ──► client goroutines: one write of shared bytes each
//	                  └────► letters ──► snapshot (encoded once per version), checkpoints
//
// Coalescing: the first change after a quiet time leaves at once; the next flush comes at the earliest Config.Flush
// later. A client that is slower than that finds several chunks and writes them together, so overload makes fewer,
// larger writes.
//
// Invariant (under mu): letters and seqs are the map at version, and the ring's last chunk ends there.
type hub struct {
	live  actors.LiveMap
	cfg   *Config
	meter *meter
	ids   []string // section ids by number, as JSON strings
	heads [][]byte
	// incarnation is in every frame's id: a client of another life of the counter gets a snapshot.
	incarnation string
	ended       chan struct{} // closed when the hub ends; clients leave then

	mu              sync.RWMutex
	version         uint64
	sections        []hubSection
	ring            ring
	wake            chan struct{} // closed and replaced at every push
	snapshot        []byte        // the frames of snapshotVersion
	snapshotVersion uint64
	clients         int
	lastPush        time.Time
	lastClient      time.Time
}

type hubSection struct {
	seq     section.Seq
	letters []byte
	changed bool // since its last checkpoint
}

func newHub(m *eventMap, cfg *Config, meter *meter) *hub {
	h := &hub{live: m.live, cfg: cfg, meter: meter, heads: m.heads, incarnation: document.NewIncarnation(),
		ended: make(chan struct{}), wake: make(chan struct{}), sections: make([]hubSection, len(m.heads))}
	h.ring.bytesMax = cfg.RingBytes
	for _, head := range m.heads {
		id := strings.TrimSuffix(strings.TrimPrefix(string(head), `{"id":`), `,"seq":`)
		h.ids = append(h.ids, id)
	}
	h.lastPush, h.lastClient = time.Now(), time.Now()
	h.reload()
	return h
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
	var c chunk
	whole := h.live.Deltas(h.version, func(version uint64, d *actors.Delta) {
		h.apply(version, d)
		c.data = h.appendDelta(c.data, version, d)
		c.marks = append(c.marks, mark{version, len(c.data)})
	})
	if !whole {
		h.reload()
		h.ring.forget(h.version)
		h.announce()
		return true
	}
	h.push(c)
	return true
}

func (h *hub) apply(version uint64, d *actors.Delta) {
	s := &h.sections[d.Section]
	for _, change := range d.Changes {
		s.letters[change.Seat] = byte(change.Letter)
	}
	s.seq, s.changed = d.Seq, true
	h.version = version
}

// reload copies the whole map: at the start, and when the deltas were forgotten before we came for them.
func (h *hub) reload() {
	h.version = h.live.Read(func(no storage.SectionNo, s actors.SectionStatus) {
		own := &h.sections[no]
		own.seq, own.changed = s.Seq, true
		own.letters = append(own.letters[:0], s.Letters...)
	})
	h.snapshot = nil
}

// push makes a chunk the ring's newest and wakes the clients. mu is held.
func (h *hub) push(c chunk) {
	c.last = h.version
	h.ring.push(c)
	h.meter.frames.Inc()
	h.announce()
}

func (h *hub) announce() {
	h.lastPush = time.Now()
	close(h.wake)
	h.wake = make(chan struct{})
}

// checkpoint lets clients prove the sections that changed.
func (h *hub) checkpoint() {
	h.mu.Lock()
	defer h.mu.Unlock()
	var c chunk
	for i := range h.sections {
		if h.sections[i].changed {
			c.data = h.appendCheckpoint(c.data, i)
			h.sections[i].changed = false
		}
	}
	if len(c.data) > 0 {
		h.push(c)
	}
}

// beat breaks a silence that a proxy might take for death, and notices when nobody listens any more.
func (h *hub) beat() (lonely bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	lonely = h.clients == 0 && now.Sub(h.lastClient) > hubLinger
	if h.clients > 0 && now.Sub(h.lastPush) >= h.cfg.Heartbeat*3/4 {
		h.push(chunk{data: []byte(": beat\n\n")})
	}
	return lonely
}

func (h *hub) appendID(dst []byte, version uint64) []byte {
	dst = append(append(dst, "id: "...), h.incarnation...)
	return append(strconv.AppendUint(append(dst, '.'), version, 10), '\n')
}

func (h *hub) appendDelta(dst []byte, version uint64, d *actors.Delta) []byte {
	dst = h.appendID(dst, version)
	dst = append(append(dst, "event: delta\ndata: {\"section\":"...), h.ids[d.Section]...)
	dst = strconv.AppendUint(append(dst, `,"seq":`...), uint64(d.Seq), 10)
	dst = append(dst, `,"changes":[`...)
	for i, change := range d.Changes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = wire.AppendSeatChange(dst, wire.SeatChange{Seat: uint32(change.Seat), Letter: byte(change.Letter)})
	}
	return append(dst, "]}\n\n"...)
}

func (h *hub) appendCheckpoint(dst []byte, no int) []byte {
	s := &h.sections[no]
	sum := sha256.Sum256(s.letters)
	dst = h.appendID(dst, h.version)
	dst = append(append(dst, "event: checkpoint\ndata: {\"section\":"...), h.ids[no]...)
	dst = strconv.AppendUint(append(dst, `,"seq":`...), uint64(s.seq), 10)
	dst = hex.AppendEncode(append(dst, `,"hash":"`...), sum[:])
	return append(dst, "\"}\n\n"...)
}

// snapshotFrames is the map as one snapshot frame and a checkpoint for each section. mu is held for writing.
func (h *hub) snapshotFrames() []byte {
	if h.snapshot != nil && h.snapshotVersion == h.version {
		return h.snapshot
	}
	dst := h.appendID(make([]byte, 0, len(h.snapshot)+1024), h.version)
	dst = append(dst, "event: snapshot\ndata: {\"sections\":["...)
	for i := range h.sections {
		if i > 0 {
			dst = append(dst, ',')
		}
		s := &h.sections[i]
		dst = appendSection(dst, h.heads[i], uint64(s.seq), s.letters, countFree(s.letters))
	}
	dst = append(dst, "]}\n\n"...)
	for i := range h.sections {
		dst = h.appendCheckpoint(dst, i)
	}
	h.snapshot, h.snapshotVersion = dst, h.version
	return dst
}

func countFree(letters []byte) int {
	free := 0
	for _, letter := range letters {
		if letter == byte(section.Available) {
			free++
		}
	}
	return free
}
