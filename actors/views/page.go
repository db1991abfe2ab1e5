package views

import (
	"maps"
	"slices"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/projection"
)

// bounds of a page. A larger page costs fewer transactions a record, and holds the section's progress row longer. The
// last record may overshoot them.
type bounds struct {
	records, changes int
	bytes            int // of bodies
}

var boundsDefault = bounds{records: 2048, changes: 4096, bytes: 4 << 20}

// logged is a change and the record it stands in.
type logged struct {
	seq    section.Seq
	change section.Change
}

// Page gathers consecutive records of one section's log, verified as they come.
//
// Invariant: what was added continues the point that the page began at.
type Page struct {
	key     storage.SectionKey
	from    projection.Point
	to      projection.Point
	tail    storage.Tail // to, in the chain's words
	changes []logged
	touched map[section.BookingNo]bool
	bytes   int
}

// NewPage begins a page after the record that the section's projection has reached.
func NewPage(key storage.SectionKey, from projection.Point) *Page {
	return &Page{key: key, from: from, to: from, touched: map[section.BookingNo]bool{},
		tail: storage.Tail{Seq: from.Seq, Epoch: from.Epoch, Hash: from.Hash}}
}

// Add takes one more record; e may be reused afterwards. A record that does not continue the page, or cannot be read, is a
// *storage.CorruptError, and the page is then of no use.
func (p *Page) Add(e *storage.Entry, hash storage.Hash) (err error) {
	if e.Seq == p.from.Seq+1 && e.Prev != p.from.Hash {
		return p.damage(
			p.from.Seq, "the log is another one than what was projected so far: its record has another hash; rebuild",
		)
	}
	if p.tail, err = storage.Verify(p.key, p.tail, e, hash); err != nil {
		return err
	}
	if e.Kind == storage.EntryChanges {
		err = section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
			own := *c
			own.Seats = slices.Clone(c.Seats)
			p.changes = append(p.changes, logged{e.Seq, own})
			if c.Booking != 0 {
				p.touched[c.Booking] = true
			}
			if c.Kind == section.BookingExchanged {
				p.touched[c.Exchange.Of] = true
			}
			return nil
		})
		if err != nil {
			return p.damage(e.Seq, err.Error())
		}
	}
	p.bytes += len(e.Body)
	p.to = projection.Point{Seq: e.Seq, Epoch: e.Epoch, Hash: hash, At: e.At}
	return nil
}

// full tells that the page should be applied before more is added.
func (p *Page) full(b bounds) bool {
	return p.Records() >= b.records || len(p.changes) >= b.changes || p.bytes >= b.bytes
}

// Records is how many were added.
func (p *Page) Records() int { return int(p.to.Seq - p.from.Seq) }

// Changes is how many the records hold.
func (p *Page) Changes() int { return len(p.changes) }

// Touched are the bookings that the page changes, ascending.
func (p *Page) Touched() []section.BookingNo { return slices.Sorted(maps.Keys(p.touched)) }

func (p *Page) damage(seq section.Seq, why string) error {
	return &storage.CorruptError{Section: p.key, Seq: seq, Why: why}
}
