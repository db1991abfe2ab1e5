// Package pgserver runs a real PostgreSQL of its caller's own: on a free port, in a directory of its own, gone when it
// is closed. Tests have it through pgtest; the bench harness puts what Holdfast is compared with on top of it.
//
//	Start ──► initdb ──► postgres ──► CreateDatabase ──► URL: postgres://… of an empty database
//	            │            │
//	            │            ├─ Stop     in good order                  ─┐
//	            │            ├─ Crash    every process killed at once    ├─► Restart: same port, same data
//	            │            └─ this process dies: the kernel stops the  ┘
//	            │               server, the next Start sweeps its directory
//	            └─ holdfast-pg-…/  owner (locked as long as we live)  data/  log  the socket
//
// The server syncs as a real one does (fsync stays on): what is promised of durability, and what durability costs,
// would be worth nothing without it. Only initdb is let off, because nobody needs an empty server back after a power
// cut.
//
// PostgreSQL refuses to run as root. Where the caller does, the server runs as the user postgres, or nobody.
//
// Launch, FreePort and ProcessorTime are about processes of any kind: whoever starts another server beside this one
// wants them too.
package pgserver
