package demo_test

import (
	"path/filepath"
	"testing"
	"time"

	"holdfast/cmd/holdfast/demo"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// The waiting room of the demonstration draws by itself and lets its guests in.
func TestRoomOfTheDemonstrationMoves(t *testing.T) {
	node := nodetest.Open(t, filepath.Join(t.TempDir(), "d"))
	defer nodetest.Close(t, node)
	room, err := demo.OpenRoom(t.Context(), node.Engine(), demo.RoomOptions{Guests: 3, Lobby: time.Second},
		testkit.QuietLog())
	if err != nil {
		t.Fatal(err)
	}
	defer room.Stop()
	for {
		frame, err := node.Engine().QueueFrame(room.Event())
		if err != nil {
			t.Fatal(err)
		}
		if frame.Public.Inside > 0 {
			return
		}
		select {
		case <-frame.Next:
		case <-t.Context().Done():
			t.Fatalf("nobody got in: %+v", frame.Public)
		}
	}
}

// Each start has a lobby that is open: one that has closed makes way, and one that is open stays.
func TestEachStartHasAnOpenLobby(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	var ids []string
	for _, lobby := range []time.Duration{time.Millisecond, time.Hour, time.Hour} {
		node := nodetest.Open(t, data)
		room, err := demo.OpenRoom(t.Context(), node.Engine(), demo.RoomOptions{Lobby: lobby}, testkit.QuietLog())
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, room.Event().String())
		if events := node.Engine().Events(); len(events) != 1 {
			t.Errorf("%d events after a start", len(events))
		}
		room.Stop()
		nodetest.Close(t, node)
	}
	if ids[0] == ids[1] || ids[1] != ids[2] {
		t.Errorf("the events of three starts: %q", ids)
	}
}
