package payment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast/actors/checkout/processor"
)

// Record is how far an account's events were read, and what of them is still to be seen to.
type Record struct {
	Cursor string `json:"cursor"`
	// Unheard are attempts of which an event has told that nobody could be asked about yet.
	Unheard  []processor.AttemptID `json:"unheard,omitempty"`
	Disputes []Dispute             `json:"disputes,omitempty"` // by when they were observed
	// By reads until Until, and all others leave it to that one. By is a node's life.
	By    string    `json:"by,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Dispute is a payment whose buyer's bank asks for the money back.
type Dispute struct {
	Attempt  processor.AttemptID `json:"attempt"`
	Observed time.Time           `json:"observed"`
}

// Bounds of a record.
const (
	unheardMax     = 1000
	disputesMax    = 1000
	recordBytesMax = 1 << 20
)

// dispute enters one.
func (r *Record) dispute(a processor.AttemptID, observed time.Time) {
	if slices.ContainsFunc(r.Disputes, func(d Dispute) bool { return d.Attempt == a }) {
		return
	}
	if r.Disputes = append(r.Disputes, Dispute{a, observed.UTC()}); len(r.Disputes) > disputesMax {
		r.Disputes = r.Disputes[1:]
	}
}

// Keeper keeps a record, one for each account and store.
type Keeper interface {
	// Load answers what stands, and its revision; 0: nothing does.
	Load(ctx context.Context) (r Record, revision int64, err error)
	// Save replaces what stood at a revision. False: another was first.
	Save(ctx context.Context, r Record, over int64) (bool, error)
}

// Cursors is a store that nodes share, with a small text for each account: one node reads, and any other goes on where
// that one stopped.
type Cursors interface {
	// Cursor answers what stands; "" and revision 0: nothing does.
	Cursor(ctx context.Context, account string) (body string, revision int64, err error)
	// MoveCursor writes body if over is the revision that stands; it then has another one. False: another was first, or
	// this one has been by a sending whose answer was lost.
	MoveCursor(ctx context.Context, account, body string, over int64) (moved bool, err error)
}

// InStore keeps the record in a store that nodes share. folder may hold what an earlier build kept there; empty: none.
func InStore(cursors Cursors, account, folder string) Keeper {
	return storeKeeper{cursors, account, folder}
}

type storeKeeper struct {
	cursors Cursors
	account string
	folder  string
}

func (k storeKeeper) Load(ctx context.Context) (r Record, revision int64, err error) {
	body, revision, err := k.cursors.Cursor(ctx, k.account)
	if err == nil && revision == 0 {
		r, _, err = InFolder(k.folder).Load(ctx)
		return r, 0, err
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &r)
	}
	if err != nil {
		return r, 0, fmt.Errorf("how far the processor's events were read: %w", err)
	}
	return r, revision, nil
}

func (k storeKeeper) Save(ctx context.Context, r Record, over int64) (bool, error) {
	body, err := json.Marshal(&r)
	if err != nil {
		return false, err
	}
	return k.cursors.MoveCursor(ctx, k.account, string(body), over)
}

// cursorFile keeps the record in a folder of the node's own.
const cursorFile = "payment-events"

// InFolder keeps the record in a folder that one node has for itself; empty: in memory, and events are read from now
// on.
func InFolder(folder string) Keeper {
	if folder == "" {
		return new(memoryKeeper)
	}
	return folderKeeper(folder)
}

type memoryKeeper struct{ record Record }

func (k *memoryKeeper) Load(context.Context) (Record, int64, error) { return k.record, 1, nil }

func (k *memoryKeeper) Save(_ context.Context, r Record, _ int64) (bool, error) {
	k.record = r
	return true, nil
}

type folderKeeper string

func (k folderKeeper) Load(context.Context) (r Record, revision int64, err error) {
	text, err := os.ReadFile(filepath.Join(string(k), cursorFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r, 0, nil
	case err != nil:
		return r, 0, fmt.Errorf("how far the processor's events were read: %w", err)
	case len(text) > recordBytesMax:
		return r, 0, fmt.Errorf("%s is longer than %d bytes: no record is", cursorFile, recordBytesMax)
	case !strings.HasPrefix(string(text), "{"): // of an earlier build: the cursor alone
		return Record{Cursor: strings.TrimSpace(string(text))}, 1, nil
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, 0, fmt.Errorf("%s: %w", cursorFile, err)
	}
	return r, 1, nil
}

// Save replaces the file whole. It is not synced: an older record tells the same again.
func (k folderKeeper) Save(_ context.Context, r Record, _ int64) (bool, error) {
	text, err := json.Marshal(&r)
	path := filepath.Join(string(k), cursorFile)
	if err == nil {
		err = os.WriteFile(path+".new", append(text, '\n'), 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return false, fmt.Errorf("how far the processor's events were read: %w", err)
	}
	return true, nil
}
