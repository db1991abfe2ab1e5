package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"holdfast/actors/checkout"
)

// fileBooks are a file of JSON lines, the last word on a payment being the one that counts.
type fileBooks struct {
	mu       sync.Mutex
	payments map[checkout.PaymentID]Payment
	file     *os.File // nil: memory only
}

func openFile(path string) (*fileBooks, error) {
	b := &fileBooks{payments: map[checkout.PaymentID]Payment{}}
	if path == "" {
		return b, nil
	}
	payments, whole, err := Ledger(path)
	if err != nil {
		return nil, err
	}
	for _, p := range payments {
		b.payments[p.ID] = p
	}
	b.file, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if err := b.file.Truncate(whole); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), b.file.Close())
	}
	if _, err := b.file.Seek(whole, 0); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), b.file.Close())
	}
	return b, nil
}

// Ledger reads a ledger file without owning it: the last word on each payment, in no order that matters. whole is how many bytes
// hold complete lines. A file that does not exist is an empty ledger.
func Ledger(path string) (payments []Payment, whole int64, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("sandbox: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	last := map[checkout.PaymentID]Payment{}
	lines := bufio.NewReader(f)
	for {
		line, readErr := lines.ReadBytes('\n')
		if readErr != nil {
			break // end, or a torn last line
		}
		var p Payment
		if err := json.Unmarshal(line, &p); err != nil {
			return nil, 0, fmt.Errorf("sandbox: ledger byte %d: %w", whole, err)
		}
		last[p.ID] = p
		whole += int64(len(line))
	}
	for _, p := range last {
		payments = append(payments, p)
	}
	return payments, whole, nil
}

func (b *fileBooks) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}

func (b *fileBooks) get(_ context.Context, id checkout.PaymentID) (Payment, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, found := b.payments[id]
	return p, found, nil
}

func (b *fileBooks) put(_ context.Context, p Payment, over checkout.Status) (Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if stands, ok := b.payments[p.ID]; ok && statusOf(stands.Status) != over {
		return stands, nil
	}
	return p, b.write(p)
}

// write makes one line durable before it counts.
func (b *fileBooks) write(p Payment) error {
	if b.file != nil {
		line, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if _, err := b.file.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
		if err := b.file.Sync(); err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
	}
	b.payments[p.ID] = p
	return nil
}
