package pebblestore

import (
	"bytes"

	"github.com/cockroachdb/pebble/v2"

	"holdfast/actors/section"
	"holdfast/storage"
)

// ticketReader looks seats up in the tickets table for one Commit call, with one iterator for all of them: a Get for
// each opens every level anew, which for a sale of many seats cost more than writing them. It stands at the first row
// at or behind the last seat asked for, so a party of neighbours whose rows are not there costs one seek.
//
// What it sees is the table as it was when the call first looked. The fences of all sections in the call are held, so
// nobody else writes their rows meanwhile.
type ticketReader struct {
	iter *pebble.Iterator // nil: nothing was asked for yet
	last [ticketKeySize]byte
	key  [ticketKeySize]byte
}

// has tells whether the seat has a row. A failure says that nothing was written.
func (r *ticketReader) has(db *pebble.DB, in storage.SectionKey, seat section.SeatIndex) (bool, error) {
	key := appendTicketKey(r.key[:0], in, seat)
	if err := r.seek(db, key); err != nil {
		return false, notWritten(err)
	}
	copy(r.last[:], key)
	return r.iter.Valid() && bytes.Equal(r.iter.Key(), key), nil
}

// seek moves to the first row at or behind key, unless the iterator stands there already.
func (r *ticketReader) seek(db *pebble.DB, key []byte) (err error) {
	switch {
	case r.iter == nil:
		r.iter, err = db.NewIter(
			&pebble.IterOptions{LowerBound: []byte{prefixTicket}, UpperBound: []byte{prefixTicket + 1}},
		)
		if err != nil {
			return err
		}
	case bytes.Compare(r.last[:], key) <= 0 && (!r.iter.Valid() || bytes.Compare(r.iter.Key(), key) >= 0):
		return r.iter.Error() // an iterator that failed stands nowhere, which is no answer
	}
	r.iter.SeekGE(key)
	return r.iter.Error()
}

// close lets go of the table; the reader may be used again. The iterator's own closing can only repeat the failure of a
// look, and the append that looked has been told.
func (r *ticketReader) close() {
	if r.iter != nil {
		_ = r.iter.Close()
		r.iter = nil
	}
}
