// Package live shows who may have which seat now: the availability of an event, and its stream of changes (P9).
//
//	LiveMap (a projection) ─┬─ eventMap: documents ──► GET availability   encoded once per version, for every reader
//	                        └─ hub: past, snapshot ──► fanout ──► SSE     one frame for all who stand at one place
//
// A client of a stream gets a snapshot, then every change in order, and checkpoints (hashes) by which its map can be
// proven. Records that wait for a client are merged, section by section, and the range of records is told; so whoever
// is behind gets fewer bytes for each change. A client that comes back with the id of its last frame goes on there, as
// long as the past reaches back so far. A client for whom a snapshot is shorter gets a snapshot: nobody is waited for.
//
// Reading shares nothing with booking but the projection and the processors; package fanout says how bookings go first
// there. When the engine replaces a map, its streams end and their clients come back to the new one.
//
// Rejected: a queue for each client (10,000 copies of each change); a goroutine for each client (10,000 of them in
// front of every booking); frames kept encoded, one a flush (a client that is five behind gets five of them); a frame
// for all sections together (clients that know deltas would not know them, and gzip saves as much).
package live
