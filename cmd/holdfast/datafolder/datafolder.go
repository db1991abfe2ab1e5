package datafolder

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"holdfast/actors"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/witness"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// Files of a data folder.
const (
	StoreFolder  = "store"          // the embedded store's own
	PaymentsFile = "payments.jsonl" // the pretended payment processor's ledger
)

// Open opens a data folder for writing; what it has to say goes into the log.
func Open(data string, options pebblestore.Options, log *slog.Logger) (*pebblestore.Store, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	options.Logf = terminal.StoreLogf(log)
	store, err := pebblestore.Open(filepath.Join(data, StoreFolder), options)
	var lost *pebblestore.LostError
	if errors.As(err, &lost) {
		return nil, Lost(data, lost)
	}
	if errors.Is(err, storage.ErrInUse) {
		return nil, terminal.InUse(data, "stop the other first, or choose another folder; import and sale speak to a "+
			"running server with --url")
	}
	return store, err
}

// Lost is what an operator is told of a data folder that has lost what was acknowledged.
func Lost(data string, lost *pebblestore.LostError) error {
	return fmt.Errorf("%w. Nothing was changed. Restore %s from a backup, or see what is missing and go on without "+
		"it: holdfast store accept-loss --data %s", lost, data, data)
}

// RecordCharges makes the pretended processor's ledger a witness of the bookings that it charged: it is a file of its
// own.
func RecordCharges(known *witness.Witness, data string) error {
	payments, _, err := sandbox.Ledger(filepath.Join(data, PaymentsFile))
	if err != nil {
		return err
	}
	for i := range payments {
		if id, ok := actors.ParseBookingID([]byte(payments[i].ID)); ok {
			known.Of(id.Section).Charged(id.No)
		}
	}
	return nil
}
