package payment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/storage"
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
	unheardMax  = 1000
	disputesMax = 1000
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

// Load looks where earlier builds kept the account's record as well: a folder, or a store that was copied from one.
func (k storeKeeper) Load(ctx context.Context) (r Record, revision int64, err error) {
	body, revision, err := k.cursors.Cursor(ctx, k.account)
	if err == nil && revision == 0 {
		var unnamed int64
		if body, unnamed, err = k.cursors.Cursor(ctx, ""); err == nil && unnamed == 0 {
			r, _, err = InFolder(k.folder, k.account).Load(ctx)
			return r, 0, err
		}
	}
	if err == nil {
		r, err = parseRecord(body)
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

// parseRecord reads a record, or what the first build kept: the cursor alone.
func parseRecord(text string) (r Record, err error) {
	if !strings.HasPrefix(text, "{") {
		return Record{Cursor: strings.TrimSpace(text)}, nil
	}
	err = json.Unmarshal([]byte(text), &r)
	return r, err
}

// InFolder keeps an account's record in a folder that one node has for itself; empty: in memory, and events are read
// from now on.
func InFolder(folder, account string) Keeper {
	if folder == "" {
		return new(memoryKeeper)
	}
	return folderKeeper{folder, account}
}

type memoryKeeper struct{ record Record }

func (k *memoryKeeper) Load(context.Context) (Record, int64, error) { return k.record, 1, nil }

func (k *memoryKeeper) Save(_ context.Context, r Record, _ int64) (bool, error) {
	k.record = r
	return true, nil
}

type folderKeeper struct{ folder, account string }

func (k folderKeeper) Load(context.Context) (r Record, revision int64, err error) {
	kept, err := datafolder.Cursor(k.folder, k.account)
	if errors.Is(err, fs.ErrNotExist) {
		kept, err = datafolder.Cursor(k.folder, "") // of an earlier build
	}
	if errors.Is(err, fs.ErrNotExist) {
		return r, 0, nil
	}
	if err == nil {
		r, err = parseRecord(kept.Body)
	}
	if err != nil {
		return r, 0, fmt.Errorf(
			"how far the processor's events were read: %s: %w", datafolder.CursorFile(kept.Account), err,
		)
	}
	return r, 1, nil
}

func (k folderKeeper) Save(_ context.Context, r Record, _ int64) (bool, error) {
	text, err := json.Marshal(&r)
	if err == nil {
		err = datafolder.PutCursor(k.folder, storage.PaymentCursor{Account: k.account, Body: string(text)})
	}
	if err != nil {
		return false, fmt.Errorf("how far the processor's events were read: %w", err)
	}
	return true, nil
}
