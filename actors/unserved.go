package actors

import (
	"errors"
	"fmt"
	"strings"

	"holdfast/actors/writer"
	"holdfast/storage"
)

// Unserved counts the sections of open sales that nobody serves as far as this node knows: neither this node, nor one
// that it can reach and that said so. Nobody can buy there. A node that stands by does not count what another one has.
// It looks at every section, so it is for somebody who asks once a second.
func (e *Engine) Unserved() (n int) {
	for _, ev := range *e.catalog.Load() {
		header := ev.header.Load()
		if header.Sale != storage.SaleOpen {
			continue
		}
		o := ev.ready.Load()
		if o == nil { // never loaded, or could not be
			if e.cfg.Preload {
				n += len(header.Sections)
			}
			continue
		}
		for _, s := range o.sections {
			if s.unserved() {
				n++
			}
		}
	}
	return n
}

func (s *Section) unserved() bool {
	switch {
	case s.shard.Serving() != nil || s.asleep.Load():
		return false
	case s.engine.desk == nil:
		return !s.foreign()
	}
	return !s.announced()
}

// describedMax is how many sections a line names.
const describedMax = 3

// describe names sections by their plan, each with the writer that has its log.
func (e *Engine) describe(some []*Section, all int64) string {
	parts := make([]string, 0, len(some)+1)
	for _, s := range some {
		name, _ := e.SectionName(s.key)
		var other *writer.NotOursError
		if errors.As(s.shard.Why(), &other) {
			name += fmt.Sprintf(" of writer %x", other.Tail.Writer[:4])
		}
		parts = append(parts, name)
	}
	if more := all - int64(len(some)); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}
