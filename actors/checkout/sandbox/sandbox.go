// Package sandbox is a pretend payment processor with a real memory: every charge and refund is on disk before it is answered, in
// a file of its own, so that a crash of the engine can be checked against what "the bank" says.
//
//	tok_ok        charged at once
//	tok_declined  declined at once
//	tok_slow      charged after Slow (2 s)
//	tok_unknown   charged, but the answer is lost; Lookup tells
//	tok_lost      the request is lost: never charged, and the answer is lost too
//	any other     declined
package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"holdfast/actors/checkout"
)

// ErrLost is what a lost answer looks like to the caller.
var ErrLost = errors.New("sandbox: connection lost")

// Sandbox implements checkout.Gateway.
type Sandbox struct {
	// Slow is how long tok_slow takes.
	Slow time.Duration

	mu       sync.Mutex
	payments map[checkout.PaymentID]Payment
	file     *os.File // nil: memory only
}

// Payment is one line of the sandbox's ledger.
type Payment struct {
	ID       checkout.PaymentID `json:"id"`
	Status   string             `json:"status"` // charged, declined or refunded
	Amount   int64              `json:"amount"`
	Currency string             `json:"currency"`
}

var _ checkout.Gateway = (*Sandbox)(nil)

// Open reads the ledger file, making it when absent; an empty path keeps everything in memory. A torn last line (a crash
// while writing: never answered) is dropped.
func Open(path string) (*Sandbox, error) {
	s := &Sandbox{Slow: 2 * time.Second, payments: map[checkout.PaymentID]Payment{}}
	if path == "" {
		return s, nil
	}
	payments, whole, err := Ledger(path)
	if err != nil {
		return nil, err
	}
	for _, p := range payments {
		s.payments[p.ID] = p
	}
	s.file, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if err := s.file.Truncate(whole); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), s.file.Close())
	}
	if _, err := s.file.Seek(whole, 0); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), s.file.Close())
	}
	return s, nil
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

// Close closes the ledger file.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// Charge follows the token's script. A payment already charged or refunded stays what it is.
func (s *Sandbox) Charge(ctx context.Context, c checkout.Charge) (checkout.Status, error) {
	switch c.Token {
	case "tok_ok":
		return s.book(c, checkout.Charged)
	case "tok_slow":
		timer := time.NewTimer(s.Slow)
		defer timer.Stop()
		select {
		case <-timer.C:
			return s.book(c, checkout.Charged)
		case <-ctx.Done():
			go func() { _, _ = s.book(c, checkout.Charged) }() // the processor does not know that nobody waits
			return checkout.Unknown, ctx.Err()
		}
	case "tok_unknown":
		if _, err := s.book(c, checkout.Charged); err != nil {
			return checkout.Unknown, err
		}
		return checkout.Unknown, ErrLost
	case "tok_lost":
		return checkout.Unknown, ErrLost
	}
	return s.book(c, checkout.Declined)
}

// Lookup tells what became of a payment.
func (s *Sandbox) Lookup(_ context.Context, id checkout.PaymentID) (checkout.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.payments[id]
	if !ok {
		return checkout.NotFound, nil
	}
	return statusOf(p.Status), nil
}

// Refund gives a charge back.
func (s *Sandbox) Refund(_ context.Context, id checkout.PaymentID) (checkout.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.payments[id]
	if !ok {
		return checkout.NotFound, nil
	}
	if statusOf(p.Status) != checkout.Charged {
		return statusOf(p.Status), nil
	}
	p.Status = checkout.Refunded.String()
	return checkout.Refunded, s.write(p)
}

func (s *Sandbox) book(c checkout.Charge, status checkout.Status) (checkout.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.payments[c.ID]; ok && statusOf(p.Status) != checkout.Declined {
		return statusOf(p.Status), nil
	}
	if err := s.write(Payment{ID: c.ID, Status: status.String(), Amount: c.Amount, Currency: c.Currency}); err != nil {
		return checkout.Unknown, err
	}
	return status, nil
}

// write makes one line durable before it counts.
func (s *Sandbox) write(p Payment) error {
	if s.file != nil {
		line, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if _, err := s.file.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
		if err := s.file.Sync(); err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
	}
	s.payments[p.ID] = p
	return nil
}

func statusOf(name string) checkout.Status {
	for _, s := range []checkout.Status{checkout.Charged, checkout.Declined, checkout.Refunded} {
		if s.String() == name {
			return s
		}
	}
	return checkout.Unknown
}
