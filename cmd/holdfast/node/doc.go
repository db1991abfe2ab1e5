// Package node is a whole server as a value: what holdfast serve runs, and what a test opens and closes.
//
//	          ┌──────────────────────────────── Node ────────────────────────────────┐
//	config ─▶ │ pebblestore ◀──┐                                                      │
//	          │    or          ├── actors.Engine ◀── api.Server ◀── listeners         │
//	          │ sqlstore ◀─────┘     ▲ MayClaim ▲                                     │
//	          │    ▲ rows            │          └─▶ clusterAdapter ◀─▶ cluster.Node ◀──▶ other nodes
//	          │    └────────── cluster.Liveness                                       │
//	          └──────────────────────────────────────────────────────────────────────┘
//
// A Node opens from the left and closes from the right, so that nothing is ever called that is closed already.
// Heartbeats begin before the engine opens and end after the engine has closed.
//
//	node.go, ready.go        open, drain, close; whether requests can be served (/readyz)
//	disk.go, witness.go      the data folder: a full disk is waited for, a failed one ends the process
//	database.go              a database that other nodes may use too
//	cluster.go, draining.go  one node of several: its state, as the others are told, and giving its sections away
//	operators.go             what operators see of the cluster, and ask of another node
//	troubles.go              what a node knows to be wrong with itself, by codes that are for ever
//	…keys.go                 keys that are read again while the server runs
//	metrics.go, log.go       what is told to machines
//
// A node that knows of others (--gossip-listen, --join) shares the sections with them. One that was told of no other
// leaves to the first what that has, stands by (not ready), and takes over when the first has gone.
//
// Rejected: a Node that reads flags or ends the process. Options carry what only the process knows.
package node
