package oldsandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"holdfast/actors/checkout"
)

// fileBooks are a file of JSON lines, the last word on a payment being the one that counts.
//
// Lines are made durable in groups: while one sync is under way the next lines gather, and leave together when it has
// ended, so that a sync costs the same whether one pays or a thousand do. Nobody waits for company, and nobody is
// answered before the sync of the own line.
//
//	put ──line──▶ gathering ──▶ written, synced ──▶ it counts ──▶ answers
//	                  ▲                │
//	put, put, put ────┘ meanwhile      └─ failed: nobody of the group was paid for sure; the books refuse from then on
//
// Invariants: a payment has at most one line that is not durable yet, and whoever asks about it meanwhile waits for
// what becomes of that line; so nobody is ever told of what is not durable.
//
// After a write or a sync that failed nobody can say what of the group is on the disk, and a later sync that succeeds
// would not say it either: the system may have dropped what it could not write, and call it clean. To cut the file back
// and go on would be to guess, and a guess that is wrong charges a payment that was told to be free. So the books
// refuse, for good: what was durable before can be looked up, everything else is unknown, until they are opened anew
// and read what is there. The embedded store stops the same way.
type fileBooks struct {
	file ledgerFile // nil: memory only

	mu       sync.Mutex // guards what follows, never for longer than it takes to add a line: everybody who pays passes here
	payments map[checkout.PaymentID]*entry
	gather   *group // nil: nothing gathers
	writing  bool
	writer   sync.WaitGroup
	closed   bool
	refused  error // nil: no group has failed
}

// entry is the last line of a payment.
type entry struct {
	Payment
	group atomic.Pointer[group] // nil: it is durable; of a group that failed, for ever
}

// ledgerFile is what the books need of a file; tests let it fail.
type ledgerFile interface {
	Write(lines []byte) (int, error)
	Sync() error
	Close() error
}

// group are lines that share a sync.
type group struct {
	lines   []byte
	entries []*entry
	done    chan struct{} // closed when the outcome is known
	err     error         // nil: durable; may be read once done is closed
}

var errClosed = errors.New("sandbox: the books are closed")

func openFile(path string) (*fileBooks, error) {
	b := newFileBooks(nil)
	if path == "" {
		return b, nil
	}
	payments, whole, err := Ledger(path)
	if err != nil {
		return nil, err
	}
	for _, p := range payments {
		b.payments[p.ID] = &entry{Payment: p}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if err := file.Truncate(whole); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), file.Close())
	}
	_, err = file.Seek(whole, 0)
	if err = errors.Join(err, file.Sync()); err != nil { // what was read counts from now on, and may have outlived a process but no power cut
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), file.Close())
	}
	b.file = file
	return b, nil
}

func newFileBooks(file ledgerFile) *fileBooks {
	return &fileBooks{file: file, payments: map[checkout.PaymentID]*entry{}}
}

// close lets what has gathered become durable, and refuses what comes later.
func (b *fileBooks) close() error {
	b.mu.Lock()
	already := b.closed
	b.closed = true
	b.mu.Unlock()
	b.writer.Wait() // nobody begins to write any more
	if b.file == nil || already {
		return nil
	}
	return b.file.Close()
}

func (b *fileBooks) get(ctx context.Context, id checkout.PaymentID) (Payment, bool, error) {
	stands, err := b.lockSettled(ctx, id)
	if err != nil {
		return Payment{}, false, err
	}
	b.mu.Unlock()
	if stands == nil {
		return Payment{}, false, nil
	}
	return stands.Payment, true, nil
}

func (b *fileBooks) put(ctx context.Context, p Payment, over checkout.Status) (Payment, error) {
	line, err := b.line(&p)
	if err != nil {
		return p, err
	}
	stands, err := b.lockSettled(ctx, p.ID)
	if err != nil {
		return p, err
	}
	if stands != nil && statusOf(stands.Status) != over {
		b.mu.Unlock()
		return stands.Payment, nil
	}
	g, err := b.enter(&entry{Payment: p}, line)
	b.mu.Unlock()
	if g == nil {
		return p, err
	}
	return p, g.wait(ctx)
}

// line is a payment as the file has it; nothing in books that are memory only.
func (b *fileBooks) line(p *Payment) ([]byte, error) {
	if b.file == nil {
		return nil, nil
	}
	line, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	return append(line, '\n'), nil
}

// lockSettled takes mu once no line of that payment is on its way to the disk, and gives what stands; nil: nothing.
// After an error mu is not taken, and what became of the payment is not known.
func (b *fileBooks) lockSettled(ctx context.Context, id checkout.PaymentID) (*entry, error) {
	for {
		b.mu.Lock()
		stands := b.payments[id]
		if stands == nil {
			return nil, nil
		}
		g := stands.group.Load()
		if g == nil {
			return stands, nil
		}
		b.mu.Unlock()
		if err := g.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// enter makes e its payment's last line and gives the group that it goes to the disk with, or nil when it goes nowhere:
// it counts at once in books that are memory only, and not at all after an error. The caller holds mu.
func (b *fileBooks) enter(e *entry, line []byte) (*group, error) {
	switch {
	case b.refused != nil:
		return nil, b.refused
	case b.closed:
		return nil, errClosed
	}
	b.payments[e.ID] = e
	if b.file == nil {
		return nil, nil
	}
	return b.join(e, line), nil
}

// wait gives the group's outcome. Whoever gives up first does not know it: the line is written all the same.
func (g *group) wait(ctx context.Context) error {
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return fmt.Errorf("sandbox: %w", ctx.Err())
	}
}

// join adds a line to what gathers, and sees to it that somebody writes it. The caller holds mu.
func (b *fileBooks) join(e *entry, line []byte) *group {
	if b.gather == nil {
		b.gather = &group{done: make(chan struct{})}
	}
	g := b.gather
	g.lines = append(g.lines, line...)
	g.entries = append(g.entries, e)
	e.group.Store(g)
	if !b.writing {
		b.writing = true
		b.writer.Go(b.write)
	}
	return g
}

// write makes group after group durable until nothing gathers.
func (b *fileBooks) write() {
	for g := b.next(); g != nil; g = b.next() {
		err := b.commit(g.lines)
		if err != nil {
			b.refuse(err)
		}
		g.settle(err)
	}
}

// next takes what has gathered.
func (b *fileBooks) next() *group {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.gather
	b.gather = nil
	b.writing = g != nil
	return g
}

// refuse ends the books, also for those who came in before anybody knew.
func (b *fileBooks) refuse(why error) {
	b.mu.Lock()
	b.refused = why
	b.mu.Unlock()
	if late := b.next(); late != nil {
		late.settle(why)
	}
}

// settle makes the outcome known. It takes no lock: a thousand who paid together do not keep the next thousand waiting.
func (g *group) settle(err error) {
	if g.err = err; err == nil {
		for _, e := range g.entries {
			e.group.Store(nil)
		}
	}
	close(g.done)
}

func (b *fileBooks) commit(lines []byte) error {
	if _, err := b.file.Write(lines); err != nil {
		return fmt.Errorf("sandbox: the books refuse until they are opened anew: %w", err)
	}
	if err := b.file.Sync(); err != nil {
		return fmt.Errorf("sandbox: the books refuse until they are opened anew: %w", err)
	}
	return nil
}
