package demo_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/cmd/holdfast/demo"
	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage"
)

func TestDemonstrationSurvivesARestartOnce(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	for range 2 {
		node := nodetest.Open(t, data)
		shoppers, err := demo.Start(t.Context(), node.Engine(), 2, testkit.QuietLog())
		if err != nil {
			t.Fatal(err)
		}
		shoppers.Stop()
		if events := node.Engine().Events(); len(events) != 1 || events[0].Sale != storage.SaleOpen {
			t.Errorf("events after a start: %+v", events)
		}
		nodetest.Close(t, node)
	}
}

// TestADeletedDemonstrationHasASuccessor: whoever deleted the event can start the server again.
func TestADeletedDemonstrationHasASuccessor(t *testing.T) {
	node := nodetest.Open(t, filepath.Join(t.TempDir(), "d"))
	defer nodetest.Close(t, node)
	first, err := demo.Event(t.Context(), node.Engine())
	if err != nil {
		t.Fatal(err)
	}
	who := actors.Caller{Operator: true, Request: section.RequestID{1}, Fingerprint: 1}
	if _, err := node.Engine().DeleteEvent(t.Context(), first.ID, who); err != nil {
		t.Fatal(err)
	}
	second, err := demo.Event(t.Context(), node.Engine())
	if err != nil || second.ID == first.ID {
		t.Fatalf("a start after it was deleted: %+v, %v", second, err)
	}
	if again, err := demo.Event(t.Context(), node.Engine()); err != nil || again.ID != second.ID {
		t.Errorf("the next start: %+v, %v", again, err)
	}
}

// A client that waits for readyz and then looks for the demonstration must find it.
func TestDemonstrationIsReadyOnceItCanBeFound(t *testing.T) {
	cfg := nodetest.Config(filepath.Join(t.TempDir(), "d"))
	cfg.Demo = true
	node, err := node.Open(t.Context(), cfg, testkit.QuietLog(), node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer nodetest.Close(t, node)
	if err := demo.WaitReady(t.Context(), node.Engine()); err != nil {
		t.Fatal(err)
	}
	if code, body := testkit.Get(t, "http://"+node.Addr()+"/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("without its demonstration: %d %s", code, body)
	}
	shoppers, err := demo.Start(t.Context(), node.Engine(), 0, testkit.QuietLog())
	if err != nil {
		t.Fatal(err)
	}
	defer shoppers.Stop()
	node.Opened()
	if code, body := testkit.Get(t, "http://"+node.Addr()+"/readyz"); code != http.StatusOK {
		t.Errorf("with it: %d %s", code, body)
	}
}
