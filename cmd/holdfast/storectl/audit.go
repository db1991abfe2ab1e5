package storectl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"holdfast/actors/audit"
	"holdfast/actors/audit/processorlist"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/witness"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
)

const (
	// auditPatience is longer than a settlement takes that is under way: a few round trips to the processor and the
	// section.
	auditPatience = 10 * time.Second
	// auditLag is twice the offset between clocks at which a CockroachDB node takes itself out of its cluster
	// (--max-offset, 500 ms). An instant there lies in the past by at most that.
	auditLag = time.Second
)

// Audit is what an audit reads, wherever it is.
type Audit struct {
	from     *opened
	payments audit.PaymentList                    // nil: none at hand
	known    func(visit func(audit.Acknowledged)) // nil: nobody remembers
	lag      time.Duration
}

// AuditOptions say what is audited, and against what.
type AuditOptions struct {
	Source   Source
	StateDir string // with a database: a node's folder of what it has seen acknowledged
	Payments string // a file of the sandbox's books; empty: those in the data or the database
	// Processor is asked for its own list, whatever books lie beside the bookings. nil: none is.
	Processor processorlist.Lister
}

// Run verifies every log, ticket, snapshot and payment. progress hears how many logs are read, of how many.
func (a *Audit) Run(ctx context.Context, progress func(done, total int)) (*audit.Report, error) {
	return audit.Run(ctx, a.from.Source, audit.Options{
		Acknowledged: a.known, Missing: a.from.missing, Payments: a.payments, Patience: auditPatience, Lag: a.lag,
		Progress: progress,
	})
}

// Close closes what was opened.
func (a *Audit) Close() error { return a.from.close() }

// OpenAudit opens what is to be audited, and nothing for writing.
func OpenAudit(ctx context.Context, a AuditOptions) (*Audit, error) {
	if a.Payments != "" {
		if _, err := os.Stat(a.Payments); err != nil { // one that is not there would be books without a payment
			return nil, fmt.Errorf("--payments: %w", err)
		}
	}
	from, err := a.Source.open(ctx, "holdfast audit")
	if err != nil {
		return nil, err
	}
	out := &Audit{from: from}
	if out.known, err = a.acknowledged(); err != nil {
		return nil, errors.Join(err, from.close())
	}
	if from.database != nil && from.database.Server().Cockroach {
		out.lag = auditLag
	}
	if out.payments, err = a.books(ctx, from.database); err != nil {
		return nil, errors.Join(err, from.close())
	}
	return out, nil
}

// acknowledged is what a node remembers outside of the store; nil when there is nothing.
func (a *AuditOptions) acknowledged() (func(visit func(audit.Acknowledged)), error) {
	dir := cmp.Or(a.StateDir, a.Source.Data)
	if a.Source.Data != "" && a.StateDir != "" {
		return nil, errors.New("--state-dir is for --store: with --data its folder holds what was acknowledged")
	}
	if dir == "" {
		return nil, nil
	}
	known, err := witness.Read(dir)
	if err != nil {
		return nil, err
	}
	return func(visit func(audit.Acknowledged)) {
		known.Each(func(key storage.SectionKey, m witness.Mark) {
			visit(audit.Acknowledged{Section: key, Seq: m.Seq, Hash: m.Hash})
		})
	}, nil
}

// books are the processor's list: its own, or the sandbox's in the file that was named, or beside the bookings; nil
// when there is none.
func (a *AuditOptions) books(ctx context.Context, database *sqlstore.Store) (audit.PaymentList, error) {
	switch payments := filepath.Join(a.Source.Data, datafolder.PaymentsFile); {
	case a.Processor != nil:
		return processorlist.Of(a.Processor), nil
	case a.Payments != "":
		return processorlist.Of(fileBooks(a.Payments)), nil
	case database != nil:
		return paymentsOf(ctx, database)
	case exists(payments):
		return processorlist.Of(fileBooks(payments)), nil
	}
	return nil, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// fileBooks is the sandbox's file, read anew each time and owned by somebody else.
type fileBooks string

// Payments implements processorlist.Lister.
func (f fileBooks) Payments(_ context.Context, _ time.Time, visit func(processor.Payment) error) error {
	ledger, _, err := sandbox.Ledger(string(f))
	for i := 0; i < len(ledger) && err == nil; i++ {
		err = visit(ledger[i].Public(time.Now()))
	}
	return err
}

// paymentsOf is the sandbox's books in a database; nil when they are empty, as they are wherever a real processor keeps
// its own.
func paymentsOf(ctx context.Context, books storage.Payments) (audit.PaymentList, error) {
	some := errors.New("there is one")
	err := books.Payments(ctx, func(storage.PaymentRow) error { return some })
	if !errors.Is(err, some) {
		return nil, err
	}
	return processorlist.Of(sandbox.OpenShared(books)), nil
}
