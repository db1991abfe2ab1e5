package node

import (
	"context"
	"fmt"

	"holdfast/actors/witness"
)

// remember has the node keep what it sees acknowledged in a folder outside of the store.
func (n *Node) remember(dir string) (err error) {
	n.witness, err = witness.Open(dir, func(err error) {
		n.log.Warn("what was acknowledged is not written down: should the store lose records now, a restart would "+
			"not notice", "error", err)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

// logStandbys says whether a commit is on more than one machine when a buyer hears of it.
func (n *Node) logStandbys(ctx context.Context) error {
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
