package nodetest

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/demo"
	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/testkit"
)

// Config is of a node on the embedded store in data, on a port of the system's choice.
func Config(data string) *config.Config {
	return &config.Config{
		Listen: "127.0.0.1:0", Data: data, DevAuth: true, Inflight: 64, RequestTimeout: 5 * time.Second,
		ShutdownTimeout: 5 * time.Second,
		Connections: config.Connections{ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second,
			IdleTimeout: 2 * time.Minute, HeadBytesMax: 8 << 10, BodyMemoryMiB: 256},
		Disk:         config.Disk{DiskFreeMinMiB: 64},
		WaitingRooms: config.WaitingRooms{QueuePollsPerSecond: 20_000},
	}
}

// Open starts a node on the embedded store and waits until its sections are served.
func Open(t *testing.T, data string) *node.Node {
	t.Helper()
	return OpenWith(t, Config(data))
}

// OpenWith starts a node with settings of the test's and waits until its sections are served.
func OpenWith(t *testing.T, c *config.Config) *node.Node {
	t.Helper()
	node, err := node.Open(t.Context(), c, testkit.QuietLog(), node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.WaitReady(t.Context(), node.Engine()); err != nil {
		t.Fatal(err)
	}
	return node
}

// Close stops a node within ten seconds.
func Close(t *testing.T, node *node.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := node.Close(ctx); err != nil {
		t.Error(err)
	}
}

// SharedConfig is of a node on a database that is told of no other node.
func SharedConfig(address string) *config.Config {
	c := Config("")
	c.Store, c.Migrate, c.StoreTimeout = address, true, 2*time.Second
	return c
}

// OpenShared starts a node on a database and waits until its engine is ready, which a node that stands by is too.
func OpenShared(t *testing.T, address string) *node.Node {
	t.Helper()
	node, err := node.Open(t.Context(), SharedConfig(address), testkit.QuietLog(), node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.WaitReady(t.Context(), node.Engine()); err != nil {
		t.Fatal(err)
	}
	return node
}

// ClusterConfig is of a node on a database, on ports of the system's choice.
func ClusterConfig(t *testing.T, address, name string, join ...string) *config.Config {
	t.Helper()
	c := SharedConfig(address)
	c.NodeName, c.GossipListen, c.Join, c.Insecure = name, "127.0.0.1:0", join, true
	c.Coordinators = true // as by default
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}

// OpenCluster starts nodes n1, n2 … on one database and waits until all of them are ready.
func OpenCluster(t *testing.T, address string, count int) []*node.Node {
	t.Helper()
	var nodes []*node.Node
	for i := range count {
		var join []string
		if i > 0 {
			join = append(join, nodes[0].GossipAddress())
		}
		node, err := node.Open(t.Context(), ClusterConfig(t, address, fmt.Sprint("n", i+1), join...),
			testkit.QuietLog(), node.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			http.DefaultClient.CloseIdleConnections() // one that was opened and never used would be waited for
			Close(t, node)
		})
		nodes = append(nodes, node)
		testkit.Eventually(t, node.Name()+" is ready", func() bool { return node.Ready() == nil })
	}
	return nodes
}
