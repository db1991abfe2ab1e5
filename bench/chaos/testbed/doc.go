// Package testbed is what a chaos run stands on: machines, the nodes on them, one PostgreSQL, and how all is asked.
//
//	Open(Config) ──▶ Bed: folder · Machines · database · credentials · nodes (one more than regular: it joins later)
//	                  │
//	                  ├─ Node: Start, Kill, Leave, Signal, SetClock        a place for one holdfast
//	                  ├─ Machines: Cut, Mend          network namespaces, or the loopback where nothing can be cut
//	                  ├─ Tending: starts again what ended by itself; what had been ready and ended is told to Found
//	                  └─ Ask: one call to one node, once, with when it was asked, and whether it may have arrived
//
// Nothing stays behind: processes are killed by the kernel when this one dies (lab.Launch); namespaces, bridges and
// folders carry this process's id in their names, and the next run removes those of processes that are gone.
//
// Rejected: one container a node (the kernel's namespaces are all that is used of one), and netem delays (a slow
// network is a load to measure; a cut one is a fault to survive).
package testbed
