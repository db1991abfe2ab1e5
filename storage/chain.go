package storage

import (
	"errors"

	"holdfast/actors/section"
)

// After is the tail of a log that ends with e, whose own hash is given.
func (e *Entry) After(hash Hash) Tail {
	return Tail{Kind: e.Kind, Seq: e.Seq, Epoch: e.Epoch, Writer: e.Writer, Batch: e.Batch, At: e.At, Hash: hash}
}

// errNotNext says that an entry is older than the tail, in seq or in epoch; stores turn it into a *FencedError.
var errNotNext = errors.New("storage: entry is older than the log's tail")

// Continues tells whether e may follow t: the rule of the chain (S3, S5), in one place for stores and readers alike. The
// error is ErrGap, or another one when e is older than the tail; a reader treats both as damage.
func Continues(t Tail, e *Entry) error {
	switch {
	case e.Seq == 0 || e.Epoch == 0 || e.Kind < EntryChanges || e.Kind > EntryReleased:
		return ErrGap
	case e.Seq <= t.Seq || e.Epoch < t.Epoch:
		return errNotNext
	case e.Seq != t.Seq+1 || e.Prev != t.Hash:
		return ErrGap
	case e.Kind == EntryClaim && e.Epoch != t.Epoch+1:
		return ErrGap
	case e.Kind != EntryClaim && e.Epoch != t.Epoch:
		return ErrGap
	}
	return nil
}

// Judge applies S3, S4, S5 and the size limit to an append at tail t. write tells that the entry is to be written; false with a
// nil error means that it stands already (S4). standing answers the batch of an entry at or before the tail, and is called only
// for an append that does not lie beyond it.
func Judge(t Tail, a *Append, standing func(section.Seq) (BatchID, error)) (write bool, err error) {
	e := &a.Entry
	if len(e.Body) > BodyBytesMax {
		return false, ErrTooLarge
	}
	if e.Seq >= 1 && e.Seq <= t.Seq {
		batch := t.Batch
		if e.Seq < t.Seq {
			if batch, err = standing(e.Seq); err != nil {
				return false, err
			}
		}
		if batch == e.Batch {
			return false, nil
		}
	}
	err = JudgeImport(a.Section, t, e)
	return err == nil, err
}

// JudgeImport applies S3, S5 and the size limit to an entry brought from another store, at tail t: unlike an append it is never a
// re-sending, so an entry that stands already is older than the tail like any other, a *FencedError.
func JudgeImport(key SectionKey, t Tail, e *Entry) error {
	if len(e.Body) > BodyBytesMax {
		return ErrTooLarge
	}
	err := Continues(t, e)
	if errors.Is(err, errNotNext) {
		return &FencedError{Section: key, Tail: t}
	}
	return err
}

// Verify checks that the stored entry (e, hash) follows t in key's log and returns the new tail, or a *CorruptError. It is what
// S8 means by "verified".
func Verify(key SectionKey, t Tail, e *Entry, hash Hash) (Tail, error) {
	if e.Seq != t.Seq+1 {
		return t, &CorruptError{Section: key, Seq: t.Seq + 1, Why: "record is missing"}
	}
	if e.Prev != t.Hash {
		return t, &CorruptError{Section: key, Seq: e.Seq, Why: "hash chain is broken"}
	}
	if err := Continues(t, e); err != nil {
		return t, &CorruptError{Section: key, Seq: e.Seq, Why: err.Error()}
	}
	return e.After(hash), nil
}

// CheckTickets applies S7: it answers ErrTicketTaken when a sells a seat twice, or one that exists already and is not
// refunded by a itself. exists looks a seat up in the tickets table; its error is returned as is.
func CheckTickets(a *Append, exists func(section.SeatIndex) (bool, error)) error {
	if len(a.Sell) == 0 {
		return nil
	}
	refunded := make(map[section.SeatIndex]bool, len(a.Refund))
	for _, seat := range a.Refund {
		refunded[seat] = true
	}
	sold := make(map[section.SeatIndex]bool, len(a.Sell))
	for _, row := range a.Sell {
		if sold[row.Seat] {
			return ErrTicketTaken
		}
		sold[row.Seat] = true
		if refunded[row.Seat] {
			continue
		}
		taken, err := exists(row.Seat)
		if err != nil {
			return err
		}
		if taken {
			return ErrTicketTaken
		}
	}
	return nil
}
