// Package storage is the port to everything that survives: the section logs, the tickets, snapshots, the catalog and
// the heartbeats of nodes. It holds the types, the numbered promises (S1–S9, at [Log]), the codec, the errors, and the
// rules every store shares; the stores themselves live in the folders below and never import each other.
//
//	        actors (Committer, takeover, replay)            audit
//	                 │ Commit   │ Tail, Read                  │ Read
//	                 ▼          ▼                             ▼
//	┌──────────────────────────── storage.Store ─────────────────────────────┐
//	│ Log        (event, section, seq) → entry    the lock: S1–S9            │
//	│ Tickets    (event, section, seat) → booking the second guard of P1     │
//	│ Snapshots  (event, section) → state         bounds replay, may be lost │
//	│ Catalog    event → header, venue            Nodes: who is alive        │
//	│ EventKeys  event → key of its pseudonyms    apart, to be destroyed     │
//	└──────┬──────────────┬──────────────────┬──────────────────┬────────────┘
//	   memstore      pebblestore          sqlstore          faultstore
//	   (the fake)    (one node, LSM)      (many nodes)      (wraps any, by rule)
//	                   all of them run storetest
//
// # The log is the lock
//
// A log is a chain: entry n holds the hash of entry n-1, its seq is one more, its epoch the same or, for a claim, one
// more.
//
//	seq 1 claim e1 ──► seq 2 changes e1 ──► seq 3 claim e2 ──► seq 4 changes e2 ──► seq 5 released e2
//	Prev 0              Prev = hash 1        Prev = hash 2      …
//
// Whoever appends must know the tail exactly, so a writer that lost its section cannot append by accident: its next seq
// is taken. That rule is written once, in [Judge] (stores) and [Verify] (readers), both on top of [Continues].
//
// # The stored forms, version 1
//
//	entry   version 1 · kind 1 · seq uvarint · epoch uvarint · writer 16 · batch 16 · at zigzag · prev 32 · body to the end
//	change  kind and flags 1 · [at] · [request 16, fingerprint 8] · [buyer 16] · booking uvarint · [expires] · seats in runs
//
// A value has exactly one encoding and a decoder accepts nothing else, so that equal hashes mean equal histories. A
// hold of two neighbours is 50 bytes, 40 of which are random ids that no compressor could shrink; ten thousand
// neighbours are 7 bytes.
//
// # What was rejected
//
//   - Protocol buffers or JSON for log bodies: neither has one form per value, and the chain hashes bytes.
//   - A lease table beside the log: a lease that expires while its holder is paused guards nothing. The primary key does.
//   - "Failed" as the answer to a lost connection. Only ErrUnknown is honest; the same append sent again resolves it (S4).
//   - A transaction interface (Begin, Commit). Every write of ours is one atomic append, and a store that knows this can merge
//     many of them into one sync.
//   - A checksum beside the hash: the hash chain already covers every byte, and stores keep an entry's own hash with it.
package storage
