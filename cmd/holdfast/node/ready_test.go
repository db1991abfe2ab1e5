package node_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

func TestStoppingNodeIsNotReady(t *testing.T) {
	node := nodetest.Open(t, filepath.Join(t.TempDir(), "d"))
	if err := node.Ready(); err != nil {
		t.Fatal(err)
	}
	node.Drain(t.Context(), 0)
	if status, _ := testkit.Get(t, "http://"+node.Addr()+"/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("readyz of a stopping node: %d", status)
	}
	if status, _ := testkit.Get(t, "http://"+node.Addr()+"/healthz"); status != http.StatusOK {
		t.Errorf("healthz of a stopping node: %d", status)
	}
	nodetest.Close(t, node)
}

func TestOneProcessPerFolder(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	first := nodetest.Open(t, data)
	defer nodetest.Close(t, first)
	_, err := node.Open(t.Context(), nodetest.Config(data), testkit.QuietLog(), node.Options{})
	if err == nil || !strings.Contains(err.Error(), "in use by a running holdfast") {
		t.Errorf("second process: %v", err)
	}
}

func TestDrainingNodeSaysSoAndStillServes(t *testing.T) {
	node := nodetest.Open(t, filepath.Join(t.TempDir(), "d"))
	url := "http://" + node.Addr()
	draining, end := context.WithCancel(t.Context())
	drained := make(chan struct{})
	go func() {
		node.Drain(draining, time.Hour)
		close(drained)
	}()
	if err := testkit.AwaitNotReady(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if status, err := testkit.Visit(url + "/v1/events"); err != nil || status != http.StatusOK {
		t.Errorf("a new connection while draining: %d %v", status, err)
	}
	select {
	case <-drained:
		t.Error("the drain ended before its time")
	default:
	}
	end()
	<-drained
	nodetest.Close(t, node)
	if status, err := testkit.Visit(url + "/v1/events"); err == nil {
		t.Errorf("a closed node answers %d", status)
	}
}
