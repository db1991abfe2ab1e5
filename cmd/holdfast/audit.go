package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"holdfast/actors/audit"
	"holdfast/actors/audit/reconcile"
	"holdfast/actors/money"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/cmd/holdfast/payment"
	"holdfast/cmd/holdfast/storectl"
	"holdfast/cmd/holdfast/terminal"
)

type auditCommand struct {
	sourceFlags
	StateDir string `help:"With --store: a node's folder of what it has seen acknowledged, to find what the database has lost. Several are audited one after the other." placeholder:"DIR"`
	payment.ListFlags
	JSON bool `help:"The report as JSON, for machines." name:"json"`
}

// Help is shown by holdfast audit --help.
func (auditCommand) Help() string {
	return `Examples:

  holdfast audit --data /var/lib/holdfast
  holdfast audit --data /var/lib/holdfast --json | jq '.findings'
  holdfast audit --store 'postgres://auditor@db.example:5432/holdfast?sslmode=verify-full'
  HOLDFAST_STORE='postgres://auditor:…@db.example/holdfast' holdfast audit --json
  holdfast audit --store 'postgres://…' --payments stripe --stripe-key-file key
  holdfast audit --data /var/lib/holdfast --payments sandbox-url --sandbox-url http://127.0.0.1:8090

Reads every log from its first record, checks the chain, replays it twice (once by the core, once by a map and a loop that
knows nothing of the core), and holds tickets, snapshots and payments against it. Nothing is written, and a processor is asked for its
list only: a restricted key that may read PaymentIntents and charges is enough.

Payments are held against the logs both ways: what was charged and what was given back, to the cent and by currency, and money that no log
knows of. --payments names whose list: stripe, sandbox-url, or a FILE of the sandbox's books; default: the sandbox's books in the data or
the database. Payments of the account that are not Holdfast's are counted and no more. Disputes are told apart.

With --data the server must be stopped. With --store it need not be: each section is looked at as it was at one instant, and money is
held against seats only where the order of reading proves something, so a sale that goes on yields no findings, and hides none. What began
after the audit is left to the next one. A role that may only read is enough, and advisable. Money that reached the processor after its
payment was given up is looked at twice, ten seconds apart: whoever sells may be about to settle it.

With --payments FILE and servers that sell, FILE must be the processor's own, growing file and no copy: it is read once more at the end.

A charge whose booking is still paying, and a refund that the processor has not given yet, are what a crash may leave, and what a sale looks
like in the middle: they are listed as UNDER WAY and are no damage. So are refunds that failed for good: holdfast payments retry.

The last line, and "verdict" in JSON, say what was checked: seats (clean, damaged) and payments (clean, damaged, partly_checked,
not_checked).

Exit code: 0 nothing was found in what was checked, which need not be the payments; 1 something does not add up; 2 the audit could not be
made.`
}

// Run audits a stopped server's data, or a database.
func (a *auditCommand) Run(c *console) error {
	options := storectl.AuditOptions{Source: a.source(), StateDir: a.StateDir}
	list, err := a.ListFlags.Open()
	if err != nil {
		return err
	}
	if options.Payments = list.File; list.Till != nil {
		options.Processor = list.Till.Processor
		defer func() { _ = list.Till.Close() }() // nothing was written
	}
	from, err := storectl.OpenAudit(c.ctx, options)
	if err != nil {
		return err
	}
	bar := terminal.NewBar(c.err, -1, "reading logs", false)
	report, err := from.Run(c.ctx, func(done, total int) {
		bar.ChangeMax(total)
		_ = bar.Set(done) // a bar that cannot be drawn is no reason to stop
	})
	if err = errors.Join(err, bar.Finish(), from.Close()); err != nil {
		return err
	}
	if a.JSON {
		err = json.NewEncoder(c.out).Encode(struct {
			Verdict audit.Verdict `json:"verdict"`
			*audit.Report
		}{report.Verdict(), report})
	} else {
		err = printReport(c.out, report)
	}
	if err == nil && !report.Clean() {
		return errFindings
	}
	return err
}

func printReport(out io.Writer, r *audit.Report) error {
	if r.Online {
		when := "there was no section to look at"
		if !r.From.IsZero() {
			when = "each section as it was at one instant, from " + r.From.Format(instantFormat) + " to " +
				r.To.Format(instantFormat)
		}
		if _, err := fmt.Fprintf(out, "online    %s\n\n", when); err != nil {
			return err
		}
	}
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
	_, err := fmt.Fprintln(out, verdictText(r))
	return err
}

// verdictText is the last line: what was checked, and what came of it. "Clean" is never said of what nobody looked at.
func verdictText(r *audit.Report) string {
	v := r.Verdict()
	text := fmt.Sprintf("seats and tickets of %d events: %s; payments: %s", len(r.Events), verdictWords[v.Seats],
		verdictWords[v.Payments])
	if v.Payments == audit.NotChecked {
		text += " (there were no books to hold the sales against, so nobody knows whether they were paid)"
	}
	if n := len(r.Findings); n > 0 {
		text += fmt.Sprintf("; %d findings", n)
	}
	return text
}

var verdictWords = map[audit.Word]string{
	audit.Sound: "clean", audit.Unsound: "DAMAGED", audit.PartlyChecked: "PARTLY CHECKED, nothing found",
	audit.NotChecked: "NOT CHECKED",
}

const instantFormat = "2006-01-02T15:04:05.000Z07:00"

func printPayments(out io.Writer, r *audit.Report) error {
	text := "payments  not checked: there is no " + datafolder.PaymentsFile + " that can be read; --payments says " +
		"whose list to read\n"
	if r.Online {
		text = "payments  not checked: the database has none that can be read; --payments says whose list to read\n"
	}
	if p := r.Payments; p.Checked {
		text = fmt.Sprintf("payments  %d charged, %d declined, %d refunded, %d not decided; %d under way\n", p.Charged,
			p.Declined, p.Refunded, p.Open, len(r.UnderWay))
		if p.Foreign > 0 {
			text += fmt.Sprintf("  %d more of the processor's account are not Holdfast's\n", p.Foreign)
		}
		if p.Unchecked > 0 {
			text += fmt.Sprintf(
				"  %d of them not checked: their sections' logs break off, their events came later, or "+
					"the list could not be read a second time\n",
				p.Unchecked,
			)
		}
		for i := range p.Money {
			text += moneyText(&p.Money[i])
		}
	}
	var more strings.Builder
	for _, u := range r.UnderWay {
		fmt.Fprintf(&more, "UNDER WAY event %s section %s: %s: %s\n", u.Event, u.Section, u.Code, u.Detail)
	}
	for _, d := range r.Disputes {
		fmt.Fprintf(&more, "DISPUTED event %s section %s: %s\n", d.Event, d.Section, d.Detail)
	}
	for _, what := range r.NotAudited {
		more.WriteString("NOT AUDITED " + what + "\n")
	}
	_, err := fmt.Fprintln(out, text+more.String())
	return err
}

// moneyText is P6 as a sum.
func moneyText(t *reconcile.Totals) string {
	show := func(minor int64) string { return money.Format(minor, t.Currency) }
	text := fmt.Sprintf("money     %s charged = %s sold + %s refunded + %s owed back + %s in transit", show(t.Charged),
		show(t.Sold), show(t.Refunded), show(t.Owed), show(t.InTransit))
	if t.Disputed > 0 {
		text += "; disputed " + show(t.Disputed)
	}
	return text + "\n"
}
