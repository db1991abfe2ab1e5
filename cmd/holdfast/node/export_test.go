package node

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// RegistryOf is where a node's metrics are registered.
func RegistryOf(n *Node) *prometheus.Registry { return n.server.Registry() }

// MetricsWithKeys are those of a node's cluster as they are when the node has the keys in dir.
func MetricsWithKeys(n *Node, dir, name string) ([]prometheus.Collector, error) {
	keys, err := loadNodeKeys(dir, name, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	n.keys = keys
	return clusterMetrics(n), nil
}
