package main

import (
	"context"
	"fmt"
	"path/filepath"

	"holdfast/actors"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/witness"
	"holdfast/storage/pebblestore"
)

// remember has the node keep what it sees acknowledged in a folder outside of the store.
func (n *Node) remember(dir string) (err error) {
	n.witness, err = witness.Open(dir, func(err error) {
		n.log.Warn("what was acknowledged is not written down: should the store lose records now, a restart would not notice", "error", err)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

// knowCharges makes the pretended processor's ledger a witness of the bookings that it charged: it is a file of its own.
func knowCharges(known *witness.Witness, data string) error {
	payments, _, err := sandbox.Ledger(filepath.Join(data, paymentsFile))
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

// tellStandbys says whether a commit is on more than one machine when a buyer hears of it.
func (n *Node) tellStandbys(ctx context.Context) error {
	standbys, err := n.sql.Standbys(ctx)
	if err != nil {
		return err
	}
	if standbys.Waits {
		n.log.Info(standbys.Says)
	} else {
		n.log.Warn(standbys.Says)
	}
	return nil
}

// lostIn is what an operator is told of a data folder that has lost what was acknowledged.
func lostIn(data string, lost *pebblestore.LostError) error {
	return fmt.Errorf("%w. Nothing was changed. Restore %s from a backup, or see what is missing and go on without it: holdfast store accept-loss --data %s", lost, data, data)
}
