package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"holdfast/actors"
	"holdfast/actors/audit"
	"holdfast/actors/checkout"
	"holdfast/actors/checkout/sandbox"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

type auditCommand struct {
	Data string `required:"" help:"The data folder of a stopped server." placeholder:"DIR"`
	JSON bool   `name:"json" help:"The report as JSON, for machines."`
}

// Help is shown by holdfast audit --help.
func (auditCommand) Help() string {
	return `Examples:

  holdfast audit --data /var/lib/holdfast
  holdfast audit --data /var/lib/holdfast --json | jq '.findings'

Reads every log from its first record, checks the chain, replays it twice (once by the core, once by a map and a loop that
knows nothing of the core), and holds tickets, snapshots and the payments in payments.jsonl against it. Nothing is written.

A charge whose booking is still paying, and a refund whose seats are not free yet, are what a crash may leave: they are listed as
UNDER WAY and are no damage.

Exit code: 0 clean, 1 something does not add up, 2 the audit could not be made.`
}

// Run audits a stopped server's data.
func (a *auditCommand) Run(c *console) error {
	store, err := pebblestore.Open(filepath.Join(a.Data, storeFolder), pebblestore.Options{ReadOnly: true})
	if errors.Is(err, storage.ErrInUse) {
		return fmt.Errorf("%s is in use by a running holdfast: an audit needs a quiet store, so stop it first (%w)", a.Data, err)
	}
	if err != nil {
		return err
	}
	bar := newBar(c.err, -1, "reading logs", false)
	report, err := audit.Run(c.ctx, store, audit.Options{
		Payments: paymentsOf(filepath.Join(a.Data, paymentsFile)),
		Progress: func(done, total int) {
			bar.ChangeMax(total)
			_ = bar.Set(done) // a bar that cannot be drawn is no reason to stop
		},
	})
	if err = errors.Join(err, bar.Finish(), store.Close()); err != nil {
		return err
	}
	if a.JSON {
		err = json.NewEncoder(c.out).Encode(report)
	} else {
		err = printReport(c.out, report)
	}
	if err == nil && !report.Clean() {
		return errFindings
	}
	return err
}

// paymentsOf gives the sandbox's ledger in the audit's words; nil when there is none.
func paymentsOf(path string) func(visit func(audit.Payment)) error {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return func(visit func(audit.Payment)) error {
		ledger, _, err := sandbox.Ledger(path)
		if err != nil {
			return err
		}
		for _, p := range ledger {
			one := audit.Payment{ID: string(p.ID), Status: paymentStatus[p.Status], Amount: p.Amount, Currency: p.Currency}
			if id, ok := actors.ParseBookingID([]byte(p.ID)); ok {
				one.Section, one.Booking = id.Section, id.No
			}
			visit(one)
		}
		return nil
	}
}

var paymentStatus = map[string]audit.PaymentStatus{
	checkout.Charged.String():  audit.PaymentCharged,
	checkout.Declined.String(): audit.PaymentDeclined,
	checkout.Refunded.String(): audit.PaymentRefunded,
}

func printReport(out io.Writer, r *audit.Report) error {
	for i := range r.Events {
		e := &r.Events[i]
		b := &e.Bookings
		_, err := fmt.Fprintf(out, `%s  %s
  seats     %d = %d free + %d held + %d sold + %d blocked
  bookings  %d held, %d paying, %d confirmed, %d released, %d expired, %d refunded
  logs      %d of %d sections, %d records (%d claims), %d changes, %d bytes

`, e.Event, e.Name, e.Seats, e.Free, e.Held, e.Sold, e.Blocked,
			b.Held, b.Paying, b.Confirmed, b.Released, b.Expired, b.Refunded,
			e.Logs, e.Sections, e.Records, e.Claims, e.Changes, e.Bytes)
		if err != nil {
			return err
		}
	}
	if err := printPayments(out, r); err != nil {
		return err
	}
	for _, finding := range r.Findings {
		if _, err := fmt.Fprintln(out, "FINDING", finding); err != nil {
			return err
		}
	}
	verdict := fmt.Sprintf("%d findings", len(r.Findings))
	if r.Clean() {
		verdict = fmt.Sprintf("clean: %d events, nothing that does not add up", len(r.Events))
	}
	_, err := fmt.Fprintln(out, verdict)
	return err
}

func printPayments(out io.Writer, r *audit.Report) error {
	text := "payments  not checked: there is no " + paymentsFile + " that can be read\n"
	if p := r.Payments; p.Checked {
		text = fmt.Sprintf("payments  %d charged, %d declined, %d refunded; %d under way\n", p.Charged, p.Declined, p.Refunded, len(r.UnderWay))
		if p.Unchecked > 0 {
			text += fmt.Sprintf("  %d of them not checked: their sections' logs break off\n", p.Unchecked)
		}
	}
	for _, u := range r.UnderWay {
		text += fmt.Sprintf("UNDER WAY event %s section %s: %s: %s\n", u.Event, u.Section, u.Code, u.Detail)
	}
	_, err := fmt.Fprintln(out, text)
	return err
}
