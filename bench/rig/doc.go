// Package rig measures one kind of request at a time, against one server and against one that repeats its answer.
//
//	Rig (a server, ours or not) ──▶ workload: holds, refusals, joins, polls … ──▶ Load: one request, one answer class
//	  │ record one answer                                                          │
//	  └──▶ a server that sends these bytes and does nothing ◀── the same requests ─┘  in alternating rounds ──▶ ratio
//
// This is the older and smaller half of the bench, and what scenarios of package run do not have: the very bytes of a
// real answer as the yardstick, the disk's own fsync beside a hold, and a stream's lag of a hundred thousand lapses.
package rig
