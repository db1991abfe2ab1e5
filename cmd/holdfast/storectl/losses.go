package storectl

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/witness"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// AcceptedFile is where accepted losses are written down, one JSON line each.
const AcceptedFile = "accepted-losses.jsonl"

// Loss is one line of acceptedFile.
type Loss struct {
	At       time.Time   `json:"at"`
	Event    string      `json:"event,omitempty"`
	Section  *uint32     `json:"section,omitempty"` // its number in the event; null: the store as a whole
	Known    section.Seq `json:"acknowledged_record,omitempty"`
	Tail     section.Seq `json:"kept_record"`
	Why      string      `json:"why"`
	key      storage.SectionKey
	tail     storage.Tail
	sections bool
}

// FindLosses holds a store against what is remembered in dir, and changes nothing.
func FindLosses(ctx context.Context, source Source, dir string) (found []Loss, err error) {
	known, err := witness.Read(dir)
	if err != nil {
		return nil, err
	}
	if source.Data != "" {
		if err := datafolder.RecordCharges(known, source.Data); err != nil {
			return nil, err
		}
	}
	store, err := source.open(ctx, "holdfast store accept-loss")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.close()) }()
	now := time.Now().UTC()
	for _, why := range store.missing {
		found = append(found, Loss{At: now, Why: why})
	}
	for _, key := range known.Sorted() {
		one, err := lostOf(ctx, store, key, known.Of(key).Mark())
		if err != nil {
			return nil, err
		}
		if one != nil {
			number := uint32(key.Section)
			one.At, one.Event, one.Section = now, key.Event.String(), &number
			found = append(found, *one)
		}
	}
	return found, nil
}

// lostOf says what one section has lost; nil: nothing.
func lostOf(ctx context.Context, store *opened, key storage.SectionKey, mark witness.Mark) (*Loss, error) {
	tail, err := store.Tail(ctx, key)
	if err != nil {
		return nil, err
	}
	err = mark.Check(ctx, store, key, tail)
	if err == nil && mark.Charged > mark.Excused {
		var last section.BookingNo
		if last, err = lastNumber(ctx, store, key); err == nil {
			err = mark.CheckCharged(key, tail, last)
		}
	}
	var lost *witness.LostError
	if errors.As(err, &lost) {
		return &Loss{Known: mark.Seq, Tail: tail.Seq, Why: lost.Error(), key: key, tail: tail, sections: true}, nil
	}
	return nil, err
}

// lastNumber is the highest booking number in a section's log.
func lastNumber(ctx context.Context, store *opened, key storage.SectionKey) (last section.BookingNo, err error) {
	err = store.Read(ctx, key, 0, func(e *storage.Entry, _ storage.Hash) error {
		if e.Kind != storage.EntryChanges {
			return nil
		}
		return section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
			last = max(last, c.Booking)
			return nil
		})
	})
	return last, err
}

// AcceptLosses writes the losses down in dir first, and only then forgets them. data is the embedded store's folder;
// empty: the store is a database.
func AcceptLosses(data, dir string, found []Loss) (err error) {
	known, err := witness.Open(dir, func(error) {})
	if errors.Is(err, storage.ErrInUse) {
		return terminal.InUse(dir, "stop the node that remembers here first")
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, known.Close()) }()
	if err := writeDown(filepath.Join(dir, AcceptedFile), found); err != nil {
		return err
	}
	if data != "" {
		store, err := pebblestore.Open(filepath.Join(data, datafolder.StoreFolder),
			pebblestore.Options{AcceptLoss: true})
		if err := cmp.Or(err, datafolder.RecordCharges(known, data)); err != nil {
			return err
		}
		if err := store.Close(); err != nil {
			return err
		}
	}
	for i := range found {
		if found[i].sections {
			known.Of(found[i].key).Accept(found[i].tail)
		}
	}
	return nil
}

func writeDown(path string, found []Loss) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Sync(), file.Close()) }()
	return writeLosses(file, found)
}

func writeLosses(out io.Writer, found []Loss) error {
	lines := json.NewEncoder(out)
	for i := range found {
		if err := lines.Encode(&found[i]); err != nil {
			return err
		}
	}
	return nil
}
