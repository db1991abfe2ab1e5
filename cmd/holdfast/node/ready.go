package node

import (
	"context"
	"errors"
	"time"

	"holdfast/actors"
	"holdfast/api/operate"
	"holdfast/storage"
)

// engine is the actors' engine as the api wants it, with a word of its node's: one that stops is not ready, while it
// still finishes what it has taken, and one that was to show something is not before it does.
type engine struct {
	*actors.Engine
	node *Node
}

// ErrStandby is why a node is not ready that was told of no other, while another sells from its database.
var ErrStandby = errors.New("standing by: another node sells from this database")

var (
	errOpening    = errors.New("the demonstration is being made")
	errStopping   = errors.New("shutting down")
	errDraining   = errors.New("draining: this node gives its sections to others")
	errStandsDown = errors.New("this node claims and serves nothing")
	errNotFit     = errors.New("cut off from the database, or not loaded yet: other nodes serve")
	errUseless    = errors.New(
		"no section can be reached from this node, and other nodes are alive: holdfast cluster " +
			"status says why",
	)
)

func (e engine) Ready() error {
	switch {
	case e.node.stopping.Load():
		return errStopping
	case e.node.opening.Load():
		return errOpening
	case e.node.standsBy():
		return ErrStandby
	case e.node.draining.Load():
		return errDraining
	case !e.node.fit():
		return e.node.notFitReason()
	case e.node.isUseless(time.Now()):
		return errUseless
	}
	return e.Engine.Ready()
}

// Live gives the concrete map as the interface that the api declares.
func (e engine) Live(ctx context.Context, id storage.EventID) (actors.LiveMap, error) {
	live, err := e.Engine.Live(ctx, id)
	if err != nil {
		return nil, err
	}
	return live, nil
}

// testClock is the engine, if its clock can be put forward.
func (n *Node) testClock() operate.TestClock {
	if n.ahead == nil { // a nil *Ahead would be no nil TestClock
		return nil
	}
	return n.engine
}
