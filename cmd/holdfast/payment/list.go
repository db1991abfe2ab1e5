package payment

import (
	"errors"

	"holdfast/cmd/holdfast/config"
)

// ListFlags say whose list of payments is read, as a server's flags say who takes the money.
type ListFlags struct {
	Payments      string `help:"Whose list of payments: stripe; sandbox-url (a holdfast sandbox); or FILE, the sandbox's books (default: those in the data or the database)." placeholder:"PROCESSOR|FILE"`
	StripeKeyFile string `help:"With --payments stripe: file with Stripe's secret or restricted key." placeholder:"FILE"`
	SandboxURL    string `help:"With --payments sandbox-url: a holdfast sandbox, such as http://127.0.0.1:8090." placeholder:"URL" name:"sandbox-url" env:"HOLDFAST_SANDBOX_URL"`
}

// List is where a list of payments is: at a processor, in a file, or (neither) wherever the sandbox keeps its books.
type List struct {
	Till *Till
	File string
}

// Open finds it. A till is the caller's to close.
func (f *ListFlags) Open() (List, error) {
	switch stripe, elsewhere := f.Payments == config.PaymentsStripe, f.Payments == config.PaymentsSandboxURL; {
	case stripe && f.StripeKeyFile == "":
		return List{}, errors.New("--payments stripe needs --stripe-key-file")
	case elsewhere && f.SandboxURL == "":
		return List{}, errors.New("--payments sandbox-url needs --sandbox-url")
	case f.Payments == config.PaymentsSandbox:
		return List{}, nil
	case !stripe && !elsewhere:
		return List{File: f.Payments}, nil
	}
	till, err := Open(&config.Payments{Payments: f.Payments, StripeKeyFile: f.StripeKeyFile, SandboxURL: f.SandboxURL},
		nil)
	return List{Till: till}, err
}
