// Package pgtest gives tests a real PostgreSQL: on a free port, in a directory of its own, gone when the test is over.
//
//	Start(t)  ──► pgserver.Start ──► Database(t) ──► postgres://… of an empty database
//	Shared(t) ──► the same, one a test binary; Main stops it
//	                  │
//	                  ├─ Stop     in good order                 ─┐
//	                  ├─ Crash    every process killed at once   ├─► Restart: same port, same data
//	                  └─ the test binary dies: the kernel        ┘
//	                     stops the server, the next Start sweeps the directory
//
// The server is pgserver's, which returns errors; this package turns them into a test's end, and says loudly when there
// is no PostgreSQL to test with.
//
// The server syncs as a real one does (fsync stays on): what the store promises of durability is tested against it.
package pgtest
