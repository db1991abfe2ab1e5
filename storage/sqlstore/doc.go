// Package sqlstore keeps the port's promises (S1–S9 at [storage.Log]) on a CockroachDB or PostgreSQL server, spoken to
// with pgx. Many nodes may use one server at a time; that is what it is for.
//
//	Commit(appends)                                   Tail, Read, snapshots, catalog, heartbeats
//	     │                                                      │
//	     │ continues what is known of its log? no ──► read the tail, judge (storage.Judge)
//	     ▼ yes: no read
//	groups: PostgreSQL, up to 64 records in one INSERT; CockroachDB, one record, one row, one phase
//	     ▼
//	slots ─────────── 2 statements under way on PostgreSQL, 32 on CockroachDB ───────────────┐
//	     ▼                                                                                   ▼
//	┌── INSERT … section_log (shard, event, section, seq) [+ tickets] ──┐            ┌── 8 connections ──┐
//	│  landed     durable: answer nil, remember the tail               │            └───────────────────┘
//	│  23505      read the row at that seq:                            │
//	│               my batch   it was an earlier sending: assure, nil  │
//	│               another    *FencedError                            │
//	│               none       the key was a ticket's: ErrTicketTaken  │
//	│  40001      surely not written: again, after a jittered pause    │
//	│  40003 57014 08… timeout, broken connection    ErrUnknown: the caller sends the same append again
//	└  no connection, disk full, read-only           ErrUnavailable: surely not written
//
// # Why one INSERT is a fence
//
// The store sends an append only when it knows the entry before it: seq, epoch and hash of an entry that was in the log
// when it was last looked at (its own last append, or a read). An entry once in the log is there for ever, so such
// knowledge may be old and is never wrong. (On PostgreSQL a promoted standby may lack it. So a connection that is
// younger than the knowledge is asked for the tail first; see seen.) If nobody has written since, the INSERT takes the
// next seq. If anybody has, that seq exists and the primary key refuses the row, on any isolation level, however late
// the statement arrives and however long its sender was paused. Nothing is compared with a lease, a clock or an epoch
// that could have been read too early.
//
// An unknown outcome is resolved by the same INSERT: either it takes the seq now, or it meets a row, and that row's
// batch says whose it is. A read that finds no row proves nothing, because the first sending may still be on its way;
// it is never used for that.
//
// # Tickets
//
// A record that sells inserts its tickets in the same statement (append_selling), so it is one round trip and atomic by
// itself. One that also gives tickets back is a transaction in one message, because CockroachDB takes no two mutations
// of a table in one statement. One message and not a pipeline of four: half of a pipeline may arrive, and what it
// locked would stand in the successor's way.
//
// # Merging
//
// A commit on PostgreSQL waits for a sync of the one write-ahead log and costs the server far more processor time than
// the row does, so records of several sections that wait for a slot share a statement; the primary key guards each row
// all the same, and when one of them meets it, each is sent alone. A record whose outcome was unknown comes again by
// itself (actors.Committer), so that what holds it up holds up no other. On CockroachDB such a statement would span
// ranges and lose the one-phase commit, so there each record goes alone, many at a time. How this measures:
// bench/RESULTS.md.
//
// # What was rejected
//
//   - SELECT … FOR UPDATE, or INSERT … SELECT … WHERE EXISTS (epoch = mine): best effort on CockroachDB, no fence under
//     READ COMMITTED.
//   - A lease row checked before each append: what it guards is the moment of the check.
//   - Advisory locks, LISTEN/NOTIFY: not on CockroachDB.
//   - A foreign key from tickets to bookings, indexes on the log: each makes one key two ranges.
//   - Reading the tail before every append: a round trip that the primary key makes needless.
//   - Asking whether an unknown append arrived, instead of sending it again: see above.
package sqlstore
