package rig

import (
	"context"
	"strings"
	"testing"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/lab/labtest"
	"holdfast/bench/load"
)

// The streams scenario sees every hold on every stream that it looks at, and counts what the others get.
func TestStreamsSeesEveryHold(t *testing.T) {
	r := openStandIn(t)
	s, err := r.Streams(t.Context(), StreamsShape{Streams: streamsLooked + 5,
		Shape: Shape{Conns: 4, Rate: 200, Duration: 500 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	holds := s.Holds.Outcomes[load.Held]
	if holds == 0 || s.Unseen != 0 || s.Lost != 0 || s.Delta.Count != holds*streamsLooked {
		t.Errorf("%d holds, of which %d were seen, %d unseen; %d streams lost", holds, s.Delta.Count, s.Unseen, s.Lost)
	}
	if frame := float64(len("event: delta")); s.Bytes < frame || s.Reads == 0 {
		t.Errorf("%v bytes a stream in %v reads", s.Bytes, s.Reads)
	}
	if text := s.String(); !strings.Contains(text, "21 streams") {
		t.Error(text)
	}
	closed := StreamsShape{Streams: 1, Shape: Shape{Conns: 1, Duration: time.Second}}
	if _, err := r.Streams(t.Context(), closed); err == nil {
		t.Error("a closed loop would wait for the server")
	}
}

// openStandIn is a rig around a stand-in.
func openStandIn(t *testing.T) *Rig {
	t.Helper()
	r, err := OpenRig(context.Background(), RigConfig{Address: labtest.Serve(t, newStandIn()),
		OperatorKey: lab.Secret("dev")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}
