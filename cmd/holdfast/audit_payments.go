package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"holdfast/actors/audit"
	"holdfast/actors/audit/reconcile"
	"holdfast/actors/money"
	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/cmd/holdfast/payment"
	"holdfast/cmd/holdfast/storectl"
)

// processorFlags say whose list of payments is read, as serve's flags say who takes the money.
type processorFlags struct {
	Payments      string `help:"Whose list of payments: stripe; sandbox-url (a holdfast sandbox); or FILE, the sandbox's books (default: those in the data or the database)." placeholder:"PROCESSOR|FILE"`
	StripeKeyFile string `help:"With --payments stripe: file with Stripe's secret or restricted key." placeholder:"FILE"`
	SandboxURL    string `name:"sandbox-url" env:"HOLDFAST_SANDBOX_URL" help:"With --payments sandbox-url: a holdfast sandbox, such as http://127.0.0.1:8090." placeholder:"URL"`
}

// processor puts into options whose list is read. closed ends the way to it.
func (f *processorFlags) processor(o *storectl.AuditOptions) (closed func(), err error) {
	stripe, elsewhere := f.Payments == config.PaymentsStripe, f.Payments == config.PaymentsSandboxURL
	switch {
	case stripe && f.StripeKeyFile == "":
		return nil, errors.New("--payments stripe needs --stripe-key-file")
	case elsewhere && f.SandboxURL == "":
		return nil, errors.New("--payments sandbox-url needs --sandbox-url")
	case !stripe && !elsewhere:
		if f.Payments != config.PaymentsSandbox {
			o.Payments = f.Payments
		}
		return func() {}, nil
	}
	till, err := payment.Open(&config.Payments{Payments: f.Payments, StripeKeyFile: f.StripeKeyFile,
		SandboxURL: f.SandboxURL}, nil)
	if err != nil {
		return nil, err
	}
	o.Processor = till.Processor
	return func() { _ = till.Close() }, nil // nothing was written
}

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
			text += fmt.Sprintf("  %d of them not checked: their sections' logs break off, their events came later, or "+
				"the list could not be read a second time\n", p.Unchecked)
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
