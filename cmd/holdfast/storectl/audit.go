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
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/checkout/till"
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
	payments func(visit func(audit.Payment)) error // nil: none at hand
	known    func(visit func(audit.Acknowledged))  // nil: nobody remembers
	lag      time.Duration
}

// AuditOptions say what is audited, and against what.
type AuditOptions struct {
	Source   Source
	StateDir string // with a database: a node's folder of what it has seen acknowledged
	Payments string // a file of the processor's books; empty: those in the data or the database
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

// books are the processor's: those that were named, else those beside the bookings; nil when there are none.
func (a *AuditOptions) books(ctx context.Context, database *sqlstore.Store) (func(visit func(audit.Payment)) error,
	error) {
	switch payments := filepath.Join(a.Source.Data, datafolder.PaymentsFile); {
	case a.Payments != "":
		return paymentsIn(a.Payments), nil
	case database != nil:
		return paymentsOf(ctx, database)
	case exists(payments):
		return paymentsIn(payments), nil
	}
	return nil, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// paymentsIn gives the sandbox's file in the audit's words.
func paymentsIn(path string) func(visit func(audit.Payment)) error {
	return func(visit func(audit.Payment)) error {
		ledger, _, err := sandbox.Ledger(path)
		if err != nil {
			return err
		}
		for i := range ledger {
			visitPayment(ledger[i].Public(time.Now()), visit)
		}
		return nil
	}
}

// paymentsOf gives the sandbox's books in a database in the audit's words; nil when they are empty, as they are
// wherever a real processor keeps its own.
func paymentsOf(ctx context.Context, books storage.Payments) (func(visit func(audit.Payment)) error, error) {
	some := errors.New("there is one")
	err := books.Payments(ctx, func(storage.PaymentRow) error { return some })
	if !errors.Is(err, some) {
		return nil, err
	}
	return func(visit func(audit.Payment)) error {
		return books.Payments(ctx, func(row storage.PaymentRow) error {
			p, err := sandbox.FromRow(row)
			if err != nil {
				return err
			}
			visitPayment(p.Public(time.Now()), visit)
			return nil
		})
	}, nil
}

// visitPayment gives an attempt of the processor's list in the audit's words. One that is not decided has no money.
func visitPayment(p processor.Payment, visit func(audit.Payment)) {
	one := audit.Payment{ID: string(p.Attempt), Amount: p.Amount, Currency: p.Currency}
	switch {
	case p.Status == processor.Captured && p.Refunded >= p.Amount && p.Amount > 0:
		one.Status = audit.PaymentRefunded
	case p.Status == processor.Captured:
		one.Status = audit.PaymentCharged
	case p.Status.Terminal():
		one.Status = audit.PaymentDeclined
	case p.Status != processor.Unknown:
		return
	}
	if id, _, ok := till.ParseAttempt(p.Attempt); ok {
		one.Section, one.Booking = id.Section, id.No
	}
	visit(one)
}
