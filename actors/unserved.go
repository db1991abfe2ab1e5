package actors

import "holdfast/storage"

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
	case s.serving.Load() != nil || s.asleep.Load():
		return false
	case s.engine.desk == nil:
		return !s.foreign()
	}
	return !s.announced()
}
