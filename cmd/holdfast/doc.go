// Command holdfast is the server and the operator's tool.
//
//	holdfast serve      flags, HOLDFAST_… and a settings file become one config ─▶ Node ─▶ SIGTERM: not ready, drain, snapshot, exit 0
//	holdfast import     a plan is checked and becomes an event, on a running server (--url) or in its data when stopped (--data)
//	holdfast sale       open, pause, close; the same two ways
//	holdfast audit      reads stopped data, or a database while it is sold from, and verifies it: 0 clean, 1 findings, 2 could not run
//	holdfast log        prints the same logs change by change, a line of JSON each
//	holdfast copy       moves everything from one store to another and verifies it by hash; interrupted, it is run again
//	holdfast migrate    brings a database's schema up to what this build needs
//	holdfast views      keeps tables for people beside the logs in a database
//	holdfast cluster    shows the nodes that share the sections, drains them, makes their keys; local: starts several, and a database, to look at
//
//	                 ┌─────────────────────────── Node ───────────────────────────┐
//	                 │ pebblestore ◀──┐                                           │
//	main ─▶ run ─▶   │    or          ├── actors.Engine ◀── api.Server ◀── listener│
//	                 │ sqlstore ◀─────┘     ▲ MayClaim  ▲                         │
//	                 │    ▲ rows            │           └─▶ fellowship ◀─▶ cluster.Node ◀─▶ other nodes
//	                 │    └────────── cluster.Heart                               │
//	                 └────────────────────────────────────────────────────────────┘
//
// A database may be shared. Nodes that know of each other (--join) share the sections: see clustered.go. One that was told of no other leaves to
// the first what that has, stands by (not ready), and takes over when it has gone. The heart beats before the engine opens and stops after it has
// closed.
//
// main is a shell: whatever is worth testing is a Node, a config, or a function over readers and writers. A Node opens from
// the left and closes from the right, so that nothing is ever called that is closed already.
package main
