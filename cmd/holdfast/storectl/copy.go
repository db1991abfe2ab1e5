package storectl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"holdfast/cmd/holdfast/datafolder"
	"holdfast/cmd/holdfast/keyfile"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
	"holdfast/storage/copier"
	"holdfast/storage/pebblestore"
	"holdfast/storage/sqlstore"
)

// Stored is a store that can be copied from and to.
type Stored interface {
	copier.Target
	Close() error
}

// Copy is two open stores, of which the second becomes what the first is.
type Copy struct{ From, To Stored }

// OpenCopy opens both, or none. The error says by its flag which one cannot be opened.
func OpenCopy(ctx context.Context, from, to string) (*Copy, error) {
	source, err := OpenStored(ctx, from, true)
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	target, err := OpenStored(ctx, to, false)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("--to: %w", err), source.Close())
	}
	return &Copy{source, target}, nil
}

// Run copies, and verifies in the target what it has copied. Interrupted, it is run again and goes on.
func (c *Copy) Run(ctx context.Context, progress func(copier.Progress)) (*copier.Report, error) {
	return copier.Run(ctx, c.From, c.To, copier.Options{Progress: progress})
}

// Close closes both stores, the target first.
func (c *Copy) Close() error { return errors.Join(c.To.Close(), c.From.Close()) }

// OpenStored opens a store by its address: pebble:DIR, or postgres://….
func OpenStored(ctx context.Context, address string, readOnly bool) (Stored, error) {
	scheme, rest, _ := strings.Cut(address, ":")
	if scheme == "pebble" {
		if ahead, err := datafolder.TestClock(rest); err != nil || ahead != nil {
			return nil, cmp.Or(err, fmt.Errorf("%s was made for tests (--test-clock): neither it nor what comes into "+
				"it is copied, for its logs may be ahead of the time", rest))
		}
	}
	switch {
	case scheme == "pebble" && rest != "" && readOnly:
		store, err := pebblestore.Open(filepath.Join(rest, datafolder.StoreFolder), pebblestore.Options{ReadOnly: true})
		if errors.Is(err, storage.ErrInUse) {
			return nil, terminal.InUse(rest, "stop the other first")
		}
		if err != nil {
			return nil, err
		}
		if lost := store.Lost(); lost != nil { // a copy would look whole
			return nil, errors.Join(datafolder.Lost(rest, lost), store.Close())
		}
		return newDataFolder(rest, store), nil
	case scheme == "pebble" && rest != "":
		store, err := datafolder.Open(rest, pebblestore.Options{}, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		return newDataFolder(rest, store), nil
	case scheme == "postgres" || scheme == "postgresql":
		if err := keyfile.CheckStore(address); err != nil {
			return nil, err
		}
		store, err := sqlstore.Open(ctx, address, sqlstore.Options{Migrate: !readOnly, AttemptTimeout: copyTimeout,
			Name: "holdfast copy"})
		if err != nil {
			return nil, err
		}
		return store, nil
	}
	return nil, errors.New("a store is pebble:DIR or postgres://…")
}

// commandTimeout bounds one statement of a command: no buyer waits for it.
const commandTimeout = 10 * time.Second

// copyTimeout bounds one statement of a copy. Nobody waits for a seat meanwhile, and a page is a thousand times a
// record.
const copyTimeout = 30 * time.Second
