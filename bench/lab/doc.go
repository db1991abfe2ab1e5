// Package lab is what every measurement stands on: servers to put under a load, the events made on them, and streams.
//
//	Target ── Start(folder, log) ──▶ Running: Endpoint, CPU, Memory, Disk, Log, Audit, Crash, Revive, Stop
//	  ├ Embedded     a holdfast binary with a store of its own            Process: started, known and ended by its id
//	  ├ OnDatabase   the same on a database that is started for it
//	  ├ Command      any program that serves the same HTTP face (a baseline)
//	  ├ Nothing      answers and does nothing
//	  └ Elsewhere    somebody else's server; Guest takes away in the end what a run made there
//
//	Endpoint ── OpenEvent(Venue, Terms) ──▶ buyers.Event, on sale       OpenStream ──▶ frames of its live map
//
// Everything here happens outside of what is measured, so plain HTTP and plain JSON are good enough; the requests that
// are measured come from package load. Processes are ended by their id, and a folder is removed by whoever made it.
//
// Rejected: containers for targets (they would be measured, too), and a common interface that baselines implement in
// this process (client and server must not share a collector).
package lab
