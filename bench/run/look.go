package run

import (
	"context"
	"fmt"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/buyers"
	"holdfast/bench/check/history"
	"holdfast/bench/lab"
)

// lookAt reads each event's map and keeps it as operations. first is the first event's place among the history's
// events.
func lookAt(ctx context.Context, t lab.Endpoint, events []*buyers.Event, first int, start int64) (
	*history.Part, error) {
	part := &history.Part{}
	for i, event := range events {
		call := history.Nanos(time.Now().UnixNano() - start)
		var live wire.Availability
		if err := t.Get(ctx, "/v1/events/"+event.ID+"/availability", &live); err != nil {
			return nil, err
		}
		if len(live.Sections) != len(event.Plan.Sections) {
			return nil, fmt.Errorf("run: the map of %s has %d sections instead of %d", event.ID, len(live.Sections),
				len(event.Plan.Sections))
		}
		for no, s := range live.Sections {
			part.Ops = append(part.Ops, history.Op{
				Kind: history.Look, Verdict: history.Done, Event: uint16(first + i), Section: uint32(no),
				Of:   history.NoOp,
				Call: call, Return: history.Nanos(time.Now().UnixNano() - start), Text: part.AddText([]byte(s.Status)),
			})
		}
	}
	return part, nil
}
