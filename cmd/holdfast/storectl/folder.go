package storectl

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"holdfast/actors/checkout/sandbox"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// dataFolder is a data folder as one store: the embedded one, as its payments the pretended processor's ledger beside
// it, and the files of how far processors' events were read. It is for copies only. A server's ledger is durable line
// by line, because each line is an answer; here the lines are durable when they are read back.
type dataFolder struct {
	*pebblestore.Store
	data string
	path string // of the ledger

	mu   sync.Mutex // guards what follows
	file *os.File   // nil until a payment is written
	rows map[string]storage.PaymentRow
}

var (
	_ storage.Payments       = (*dataFolder)(nil)
	_ storage.PaymentCursors = (*dataFolder)(nil)
)

func newDataFolder(data string, store *pebblestore.Store) *dataFolder {
	return &dataFolder{Store: store, data: data, path: filepath.Join(data, datafolder.PaymentsFile)}
}

// open reads the ledger and makes it ready for more lines; a torn last line goes, as it does when a server starts. mu
// is held.
func (f *dataFolder) open() error {
	if f.file != nil {
		return nil
	}
	payments, whole, err := sandbox.Ledger(f.path)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	_, seekErr := file.Seek(whole, 0)
	if err := errors.Join(file.Truncate(whole), seekErr); err != nil {
		return errors.Join(err, file.Close())
	}
	f.file, f.rows = file, make(map[string]storage.PaymentRow, len(payments))
	for i := range payments {
		row, err := sandbox.RowOf(&payments[i])
		if err != nil {
			return errors.Join(err, file.Close())
		}
		f.rows[row.ID] = row
	}
	return nil
}

// PutPayment implements storage.Payments.
func (f *dataFolder) PutPayment(_ context.Context, p storage.PaymentRow, over ...string) (storage.PaymentRow, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open(); err != nil {
		return p, fmt.Errorf("%s: %w", f.path, err)
	}
	if there, stands := f.rows[p.ID]; stands && !slices.Contains(over, there.State()) {
		return there, nil
	}
	payment, err := sandbox.FromRow(p)
	if err != nil {
		return p, fmt.Errorf("%s: %w", f.path, err)
	}
	line, err := json.Marshal(payment)
	if err != nil {
		return p, fmt.Errorf("%s: %w", f.path, err)
	}
	if _, err := f.file.Write(append(line, '\n')); err != nil {
		return p, fmt.Errorf("%s: %w", f.path, err)
	}
	f.rows[p.ID] = p
	return p, nil
}

// Payment implements storage.Payments.
func (f *dataFolder) Payment(ctx context.Context, id string) (found storage.PaymentRow, err error) {
	err = storage.ErrNotFound
	readErr := f.Payments(ctx, func(row storage.PaymentRow) error {
		if row.ID == id {
			found, err = row, nil
		}
		return nil
	})
	return found, cmp.Or(readErr, err)
}

// Payments implements storage.Payments. What it shows is on disk.
func (f *dataFolder) Payments(_ context.Context, visit func(storage.PaymentRow) error) error {
	if err := f.sync(); err != nil {
		return err
	}
	payments, _, err := sandbox.Ledger(f.path)
	if err != nil {
		return err
	}
	slices.SortFunc(payments, func(a, b sandbox.Payment) int { return cmp.Compare(a.ID, b.ID) })
	for i := range payments {
		row, err := sandbox.RowOf(&payments[i])
		if err == nil {
			err = visit(row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// PaymentCursors implements storage.PaymentCursors.
func (f *dataFolder) PaymentCursors(_ context.Context, visit func(storage.PaymentCursor) error) error {
	all, err := datafolder.Cursors(f.data)
	for i := 0; i < len(all) && err == nil; i++ {
		err = visit(all[i])
	}
	return err
}

// PutPaymentCursor implements storage.PaymentCursors.
func (f *dataFolder) PutPaymentCursor(_ context.Context, c storage.PaymentCursor) error {
	return datafolder.PutCursor(f.data, c)
}

func (f *dataFolder) sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	return f.file.Sync()
}

// Close closes the ledger and the store.
func (f *dataFolder) Close() error {
	err := f.sync()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file != nil {
		err = errors.Join(err, f.file.Close())
	}
	return errors.Join(err, f.Store.Close())
}
