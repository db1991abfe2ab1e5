package live

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"holdfast/actors/section"
	"holdfast/api/live/fanout"
	"holdfast/api/wire"
)

// mergeMin is how many changes are always told as changes; more are, as long as they are shorter than the map.
const mergeMin = 1024

// Since is what brings a client from a place to now: the records after it, merged section by section, then the
// checkpoints; or a snapshot, for whoever is new or too far behind. All who stand at one place get one frame.
func (h *hub) Since(at fanout.Place) (*fanout.Frame, fanout.Place) {
	h.mu.Lock()
	defer h.mu.Unlock()
	newest := h.past.newest()
	if at == newest {
		return nil, at
	}
	steps, changes, ok := h.past.after(at)
	if at == fanout.Nowhere || !ok || changes > max(mergeMin, h.seats/8) {
		if at != fanout.Nowhere {
			h.meter.resyncs.Inc()
		}
		return h.snapshotFrame(), newest
	}
	frame := h.frames[at]
	if frame == nil {
		frame = fanout.NewFrame(h.appendSteps(make([]byte, 0, 64*len(steps)), steps))
		h.frames[at] = frame
		h.meter.frames.Inc()
	}
	return frame, newest
}

// place reads a Last-Event-ID ("<incarnation>.<version>") and finds where its reader goes on; fanout.Nowhere: a
// snapshot is needed.
func (h *hub) place(last []byte) fanout.Place {
	incarnation, number, _ := bytes.Cut(bytes.TrimSpace(last), []byte("."))
	version, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil || string(incarnation) != h.incarnation {
		return fanout.Nowhere
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if version > h.version {
		return fanout.Nowhere
	}
	at, ok := h.past.find(version)
	if !ok {
		return fanout.Nowhere
	}
	return at
}

// merging is the scratch of a frame that is being encoded.
type merging struct {
	sections []mergedSection // by number
	touched  []int           // of those, in the order of their first record
	proven   []int           // to be told with a checkpoint
}

type mergedSection struct {
	touched     bool
	first, last section.Seq // of its records
	seats       []section.SeatIndex
	seen        []uint64 // a bit for each seat in seats
	proven      bool
}

// gather merges steps section by section: each seat once.
func (m *merging) gather(sections []hubSection, steps []step) {
	if m.sections == nil {
		m.sections = make([]mergedSection, len(sections))
	}
	m.touched, m.proven = m.touched[:0], m.proven[:0]
	for i := range steps {
		for _, no := range steps[i].sections {
			if s := &m.sections[no]; !s.proven {
				s.proven = true
				m.proven = append(m.proven, no)
			}
		}
		if !steps[i].record {
			continue
		}
		d := &steps[i].delta
		s := &m.sections[d.Section]
		if !s.touched {
			s.touched, s.first = true, d.Seq
			m.touched = append(m.touched, int(d.Section))
		}
		s.last = d.Seq
		if words := (len(sections[d.Section].letters) + 63) / 64; len(s.seen) < words {
			s.seen = make([]uint64, words)
		}
		for _, change := range d.Changes {
			word, bit := change.Seat/64, uint64(1)<<(change.Seat%64)
			if s.seen[word]&bit == 0 {
				s.seen[word] |= bit
				s.seats = append(s.seats, change.Seat)
			}
		}
	}
}

// done makes the scratch ready for the next frame.
func (m *merging) done() {
	for _, no := range m.touched {
		s := &m.sections[no]
		for _, seat := range s.seats {
			s.seen[seat/64] = 0
		}
		s.touched, s.seats = false, s.seats[:0]
	}
	for _, no := range m.proven {
		m.sections[no].proven = false
	}
}

// appendSteps encodes steps up to now. Only the last delta has an id: whoever is cut off before has not been told
// everything up to that version, and hears all of it again.
func (h *hub) appendSteps(dst []byte, steps []step) []byte {
	m := &h.merging
	m.gather(h.sections, steps)
	defer m.done()
	for i, no := range m.touched {
		if i == len(m.touched)-1 {
			dst = h.appendID(dst)
		}
		dst = h.appendDelta(dst, no, &m.sections[no])
	}
	for _, no := range m.proven {
		dst = h.appendCheckpoint(dst, no)
	}
	if len(dst) == 0 {
		dst = append(dst, ": beat\n\n"...)
	}
	return dst
}

func (h *hub) appendID(dst []byte) []byte {
	dst = append(append(dst, "id: "...), h.incarnation...)
	return append(strconv.AppendUint(append(dst, '.'), h.version, 10), '\n')
}

func (h *hub) appendDelta(dst []byte, no int, m *mergedSection) []byte {
	dst = append(append(dst, "event: delta\ndata: {\"section\":"...), h.ids[no]...)
	if m.first != m.last {
		dst = strconv.AppendUint(append(dst, `,"first_seq":`...), uint64(m.first), 10)
	}
	dst = strconv.AppendUint(append(dst, `,"seq":`...), uint64(m.last), 10)
	dst = append(dst, `,"changes":[`...)
	letters := h.sections[no].letters
	for i, seat := range m.seats {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = wire.AppendSeatChange(dst, wire.SeatChange{Seat: uint32(seat), Letter: letters[seat]})
	}
	return append(dst, "]}\n\n"...)
}

func (h *hub) appendCheckpoint(dst []byte, no int) []byte {
	s := &h.sections[no]
	if !s.proven {
		sum := sha256.Sum256(s.letters)
		s.proof, s.proven = hex.AppendEncode(s.proof[:0], sum[:]), true
	}
	dst = h.appendID(dst)
	dst = append(append(dst, "event: checkpoint\ndata: {\"section\":"...), h.ids[no]...)
	dst = strconv.AppendUint(append(dst, `,"seq":`...), uint64(s.seq), 10)
	dst = append(append(dst, `,"hash":"`...), s.proof...)
	return append(dst, "\"}\n\n"...)
}

// snapshotFrame is the map as one snapshot and a checkpoint for each section. mu is held.
func (h *hub) snapshotFrame() *fanout.Frame {
	if h.snapshot != nil {
		return h.snapshot
	}
	dst := h.appendID(make([]byte, 0, int(h.seats)+256*len(h.sections)+256))
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
	h.snapshot = fanout.NewFrame(dst)
	return h.snapshot
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
