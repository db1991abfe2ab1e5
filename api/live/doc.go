// Package live shows who may have which seat now: the availability of an event, and its stream of changes (P9).
//
//	LiveMap (a projection) ─┬─ eventMap: documents ──► GET availability      encoded once per version, for every reader
//	                        └─ hub ── ring of chunks ──► SSE clients          encoded once, written by 10,000 goroutines
//
// A client of a stream gets a snapshot, then every change in order, and checkpoints (hashes) by which its map can be
// proven. A client that comes back with the id of its last frame goes on there, as long as the ring reaches back so
// far. A client that is slower than the ring gets a new snapshot: nobody is waited for.
//
// Reading shares nothing with booking but the projection. When the engine replaces a map, its streams end and their
// clients come back to the new one.
//
// Rejected: a queue for each client (10,000 copies of each change), and a goroutine that writes to all (the slowest
// would hold up the others).
package live
