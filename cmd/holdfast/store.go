package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/witness"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// storeCommand is what an operator does about a store that lost something, or was restored.
type storeCommand struct {
	NewID      newIDCommand      `cmd:"" name:"new-id" help:"Make a restored copy of a database a store of its own."`
	AcceptLoss acceptLossCommand `cmd:"" help:"Show what a store has lost of what was acknowledged; with --yes, go on without it."`
}

type acceptLossCommand struct {
	kept
	StateDir string `help:"With --store: the folder of the node that remembers, as given to serve." placeholder:"DIR"`
	Yes      bool   `help:"Accept the loss. Without it nothing is changed."`
}

// Help is shown by holdfast store accept-loss --help.
func (acceptLossCommand) Help() string {
	return `Examples:

  holdfast store accept-loss --data /var/lib/holdfast
  holdfast store accept-loss --data /var/lib/holdfast --yes
  holdfast store accept-loss --store 'postgres://…' --state-dir /var/lib/holdfast-n1 --yes

Lists every section whose log lacks records that were acknowledged, and says up to where it is whole. Buyers were told of what is missing:
they may have paid. Restore it if anything can; accept the loss only if nothing can. holdfast audit finds charges without bookings.

With --yes what the store holds counts from now on: the loss is written into accepted-losses.jsonl beside the marks, and the next start
serves the sections. Seats that were sold in what is lost are free again. No booking number is given a second time. The server, or this
node, must be stopped. In a cluster each node remembers for itself: stop all nodes, run it for each --state-dir, then start them.

Exit code: 0 nothing is missing, or the loss was accepted; 1 something is missing; 2 it could not be looked at.`
}

// acceptedFile is where accepted losses are written down, one JSON line each.
const acceptedFile = "accepted-losses.jsonl"

// loss is one line of acceptedFile.
type loss struct {
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

// Run shows what is missing, and accepts it when told so.
func (a *acceptLossCommand) Run(c *console) error {
	dir := cmp.Or(a.Data, a.StateDir)
	switch {
	case a.Data != "" && a.StateDir != "":
		return errors.New("--state-dir is for --store: with --data its folder holds what was acknowledged")
	case dir == "":
		return errors.New("--state-dir DIR is needed with --store: nobody else remembers what the database has lost")
	}
	found, err := a.look(c.ctx, dir)
	if err != nil {
		return err
	}
	for i := range found {
		if _, err := fmt.Fprintln(c.out, "LOST", found[i].Why); err != nil {
			return err
		}
	}
	switch {
	case len(found) == 0:
		_, err = fmt.Fprintln(c.out, "nothing is missing, as far as is remembered in", dir)
		return err
	case !a.Yes:
		_, err = fmt.Fprintf(c.out, "%s; nothing was changed. --yes accepts the loss: seats sold in what is missing are free again\n", numbered(len(found), "loss"))
		return cmp.Or(err, errFindings)
	}
	if err := a.accept(dir, found); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "accepted, and written into %s\n", filepath.Join(dir, acceptedFile))
	return err
}

// look holds the store against what is remembered, and changes nothing.
func (a *acceptLossCommand) look(ctx context.Context, dir string) (found []loss, err error) {
	known, err := witness.Read(dir)
	if err != nil {
		return nil, err
	}
	if a.Data != "" {
		if err := knowCharges(known, a.Data); err != nil {
			return nil, err
		}
	}
	store, err := a.open(ctx, "holdfast store accept-loss")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.close()) }()
	now := time.Now().UTC()
	for _, why := range store.missing {
		found = append(found, loss{At: now, Why: why})
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
func lostOf(ctx context.Context, store *keeper, key storage.SectionKey, mark witness.Mark) (*loss, error) {
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
		return &loss{Known: mark.Seq, Tail: tail.Seq, Why: lost.Error(), key: key, tail: tail, sections: true}, nil
	}
	return nil, err
}

// lastNumber is the highest booking number in a section's log.
func lastNumber(ctx context.Context, store *keeper, key storage.SectionKey) (last section.BookingNo, err error) {
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

// accept writes the losses down first, and only then forgets them.
func (a *acceptLossCommand) accept(dir string, found []loss) (err error) {
	known, err := witness.Open(dir, func(error) {})
	if errors.Is(err, storage.ErrInUse) {
		return inUse(dir, "stop the node that remembers here first")
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, known.Close()) }()
	if err := writeDown(filepath.Join(dir, acceptedFile), found); err != nil {
		return err
	}
	if a.Data != "" {
		store, err := pebblestore.Open(filepath.Join(a.Data, storeFolder), pebblestore.Options{AcceptLoss: true})
		if err := cmp.Or(err, knowCharges(known, a.Data)); err != nil {
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

func writeDown(path string, found []loss) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Sync(), file.Close()) }()
	return writeLosses(file, found)
}

func writeLosses(out io.Writer, found []loss) error {
	lines := json.NewEncoder(out)
	for i := range found {
		if err := lines.Encode(&found[i]); err != nil {
			return err
		}
	}
	return nil
}
