// Package pebblestore is the embedded default: one node, one directory, one Pebble LSM. It keeps all promises of the
// port and needs no server.
//
//	Commit(64 appends) ─► lock 64 sections ─► judge each on its tail in memory ─► ONE batch ─► ONE sync ─► 64 answers
//	Commit(…)  ─────────► (other sections, at the same time) ──────────────────► batch ──┘ shares the sync when it can
//
// # Keys
//
// All numbers are big-endian, so that a section's log is one range and its tail one seek away.
//
//	L event 16  section 4  seq 8    entry's hash 32, then the entry's stored form (storage.AppendEntry)
//	T event 16  section 4  seat 4   booking 8
//	S event 16  section 4           snapshot: version 1, CRC-32C 4 of the rest, seq 8, epoch 8, hash 32, body
//	E event 16                      event header (storage.EncodeEvent)
//	V event 16                      venue, as given
//	N writer 16                     at 8, name
//	O request 16                    operator's key: version 1, event 16, fingerprint 8, at 8
//	K event 16  at 8  request 16    nothing: an event's operators' keys by age
//	M "format" | "secret"           format version 1 byte | 32 bytes
//
// The entry's own hash is stored beside it so that damage to the last entry, which no successor vouches for, is seen
// too.
//
// # The fence
//
// Each section has a small state in memory: a mutex and the log's tail, read from disk at first use. One process owns
// the directory (a second gets storage.ErrInUse), so the tail in memory is the truth. The mutex is held across the
// sync: a caller has one append of a section in flight anyway, so nobody waits for it in normal life, and whoever does
// wait (a rival writer, a re-send, a reader of the tail) then sees durable entries only. Locks are taken in key order,
// so calls cannot deadlock.
//
// # When the disk is full
//
// The process lives, refuses, and goes on by itself when there is room: see guard. Every write waits for space rather
// than fail.
//
// # When the disk fails
//
// An error of the write-ahead log's write (other than a full disk) or sync ends the process at once, after one loud
// message (see Options.Fatal). After a failed fsync the kernel may have dropped the very pages it could not write, and
// a second fsync would report success: nothing this process believes about the disk is worth anything any more. A
// restart reads what is really there, and callers who were told nothing ask again with the same batch id (S4).
//
// # Damage that looks like a crash
//
// A log ends where its first chunk cannot be read: a crash leaves that, and so does a wrong bit, behind which Pebble
// drops what was acknowledged. Two witnesses tell them apart before Pebble opens anything (walscan.go, walmark.go):
//
//	chunks behind the damage   each says how far the log had been synced when it was written, or one sync before
//	the file SYNCED            how far each log is synced: exactly after a graceful stop, else of 100 ms ago at most
//
// A log that ends before what either says has lost acknowledged data: Open answers *LostError and changes nothing. What
// stays undetected is damage of what was synced in the last 100 ms of a process that was killed, with at most one
// readable commit behind it. Rejected: a second log (twice the syncs), a sync of the marks for each commit (the same),
// and "any readable chunk behind an unreadable one": unsynced blocks reach a disk in any order, so a power cut leaves
// that too.
//
// # Tuning, and what was rejected
//
//   - No compression: a record is mostly random ids and hashes (see storage's codec), and Snappy on top of it costs a core for nothing.
//   - No bloom filters: the one lookup of absent keys is a ticket at its sale, rare beside holds and mostly answered by the memtable.
//   - A 64 MiB memtable, and up to four of them: one large flush instead of many small ones keeps L0 shallow at 100 MB/s of appends.
//   - Large values go to blob files (Pebble's value separation) and tables have 64 KiB blocks: for a gigabyte of 16 KiB entries that
//     halves the processor time of the whole process (11.9 s to 5.6 s), because compactions no longer carry bodies from level to level.
//   - Appending outside the section's lock and checking the fence again afterwards was dropped: it saves nobody any time and makes
//     "stands already" and "is durable" two questions.
//   - Deleting entries behind a snapshot was dropped: the log tells all (P10), and a stadium's whole on-sale is a few hundred MB.
//   - Snapshots and heartbeats are written without a sync of their own: losing the newest costs a longer replay, no truth.
package pebblestore
