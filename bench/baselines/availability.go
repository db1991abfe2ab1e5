package baselines

import (
	"context"
	"strconv"
	"sync"

	"holdfast/api/wire"
)

// snapshot is an event's map at one moment.
type snapshot struct {
	letters  []byte
	document []byte  // the answer of GET …/availability
	free     []int32 // by section
	err      error
}

// reading makes whoever asks for a map while one is being read share the next one. That is as fresh as asking alone,
// since a shared one begins after everybody who shares it has asked, and it keeps a thousand browsers from asking a
// database the same question.
type reading struct {
	mu   sync.Mutex
	next *turn // begins when the one under way ends; nil: nobody waits
	busy bool
	seq  uint64
}

type turn struct {
	done chan struct{}
	snapshot
}

// get waits for a map that is read after the call.
func (r *reading) get(read func(seq uint64) snapshot) *snapshot {
	r.mu.Lock()
	if r.next == nil {
		r.next = &turn{done: make(chan struct{})}
	}
	mine := r.next
	if !r.busy {
		r.busy = true
		go r.run(read)
	}
	r.mu.Unlock()
	<-mine.done
	return &mine.snapshot
}

// run reads until nobody waits.
func (r *reading) run(read func(seq uint64) snapshot) {
	for {
		r.mu.Lock()
		now := r.next
		r.next = nil
		if now == nil {
			r.busy = false
			r.mu.Unlock()
			return
		}
		r.seq++
		seq := r.seq
		r.mu.Unlock()
		now.snapshot = read(seq)
		close(now.done)
	}
}

// snapshot reads an event's map, together with whoever else wants it now.
func (f *face) snapshot(ctx context.Context, e *event) *snapshot {
	return e.live.get(func(seq uint64) (s snapshot) {
		s.letters, s.err = f.store.letters(ctx, e, make([]byte, 0, len(e.rowOf)))
		if s.err == nil {
			s.finish(e, seq)
		}
		return s
	})
}

// finish counts, and writes the document. A baseline has no log, so seq only tells one reading from the next.
func (s *snapshot) finish(e *event, seq uint64) {
	const perSection = 64
	s.free = make([]int32, len(e.sections))
	s.document = append(make([]byte, 0, len(s.letters)+perSection*len(e.sections)), `{"sections":[`...)
	for i, section := range e.sections {
		status := s.letters[section.first:section.end]
		for _, letter := range status {
			if letter == 'a' {
				s.free[i]++
			}
		}
		if i > 0 {
			s.document = append(s.document, ',')
		}
		s.document = wire.AppendString(append(s.document, `{"id":`...), section.id)
		s.document = strconv.AppendUint(append(s.document, `,"seq":`...), seq, 10)
		s.document = append(append(s.document, `,"status":"`...), status...)
		s.document = strconv.AppendInt(append(s.document, `","free":`...), int64(s.free[i]), 10)
		s.document = append(s.document, '}')
	}
	s.document = append(s.document, "]}"...)
}
