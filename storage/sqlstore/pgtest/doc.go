// Package pgtest gives tests a real PostgreSQL: on a free port, in a directory of its own, gone when the test is over.
//
//	Start(t)  ──► initdb ──► postgres ──► Database(t) ──► postgres://… of an empty database
//	Shared(t) ──► the same, one a test binary; Main stops it
//	                  │
//	                  ├─ Stop     in good order                 ─┐
//	                  ├─ Crash    every process killed at once   ├─► Restart: same port, same data
//	                  └─ the test binary dies: the kernel        ┘
//	                     stops the server, the next Start sweeps the directory
//
// The server syncs as a real one does (fsync stays on): what the store promises of durability is tested against it. Only initdb is
// let off, because nobody needs an empty server back after a power cut.
//
// PostgreSQL refuses to run as root. Where the tests do, the server runs as the user postgres, or nobody.
package pgtest
