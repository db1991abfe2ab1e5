// Command holdfast is the server and the operator's tool.
//
//	holdfast serve      one config of all settings ─▶ Node ─▶ SIGTERM: not ready, drain, snapshot, exit 0
//	holdfast import     a plan is checked and becomes an event, on a running server (--url) or in a stopped one's data
//	holdfast sale       open, pause, close; the same two ways
//	holdfast queue      an event's waiting room: looks at it, changes rate and cap, pauses, opens
//	holdfast audit      verifies stopped data, or a database that is sold from: 0 clean, 1 findings, 2 could not run
//	holdfast log        prints the same logs change by change, a line of JSON each
//	holdfast copy       moves everything from one store to another and verifies it by hash; interrupted: run it again
//	holdfast migrate    brings a database's schema up to what this build needs
//	holdfast views      keeps tables for people beside the logs in a database
//	holdfast cluster    shows the nodes that share the sections, drains them, makes their keys; local: starts several
//
//	main ─▶ run ─▶ a command: flags ─┬─▶ node        serve: a server as a value; demo: buyers inside of it
//	                                 ├─▶ clusterctl  cluster: several nodes, looked at and drained
//	                                 ├─▶ storectl    audit, log, copy, store, views: what is kept
//	                                 └─▶ eventctl    import, sale, queue: events, sales, waiting rooms
//	                                       └─▶ client, config, datafolder, keyfile, terminal
//
// main is a shell: each command parses its flags, calls a room, and prints. Whatever is worth testing is below it. No
// room imports another of the same row, and none imports main.
//
// Only main ends the process, with 0, 1 for findings, or 2.
package main
