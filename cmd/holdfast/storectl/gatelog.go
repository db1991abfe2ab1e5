package storectl

import (
	"context"
	"errors"
	"fmt"

	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
)

// ReadGateLog calls visit for each record of the log of an event's waiting room, the chain of hashes verified on the
// way. The entry is valid during the call only. An error of visit is returned as is.
func ReadGateLog(ctx context.Context, source Source, event string, visit func(*storage.Entry) error) error {
	return readGateLog(ctx, "holdfast draw", source, event, visit)
}

// readGateLog is ReadGateLog for a command, whose name others are told who find the store in use.
func readGateLog(
	ctx context.Context, command string, source Source, event string, visit func(*storage.Entry) error,
) (err error) {
	id, err := terminal.ParseEventID(event)
	if err != nil {
		return err
	}
	from, err := source.open(ctx, command)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.close()) }()
	key := storage.SectionKey{Event: id, Section: storage.GateNo}
	tail, err := from.Tail(ctx, key)
	if err != nil {
		return err
	}
	if tail.Seq == 0 {
		return fmt.Errorf("there is no log of a waiting room of event %s", event)
	}
	err = from.Read(ctx, key, 0, func(e *storage.Entry, _ storage.Hash) error {
		if e.Seq > tail.Seq {
			return errLogEnd
		}
		return visit(e)
	})
	if errors.Is(err, errLogEnd) {
		return nil
	}
	return err
}
