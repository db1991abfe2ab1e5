// Package baselines is what Holdfast is compared with: the services that people build for the same job, behind the same
// HTTP face.
//
//	                        ┌ textbook            Redis: a lock a seat, SET NX PX   PostgreSQL: a row a booking
//	HTTP ──► face ──► store ┼ conditional-update  PostgreSQL: UPDATE … WHERE free
//	         │ events       ┼ skip-locked         PostgreSQL: SELECT … FOR UPDATE SKIP LOCKED
//	         │ wire types   ┼ optimistic          PostgreSQL: UPDATE … WHERE version = what was read
//	         │ problems     └ memory              a map and mutexes: nothing is durable, nothing is faster
//	         └ one file for all: parsing, answers, seat maps, the choice of a section
//
//	StartBackends ──► PostgreSQL (pgserver), Redis: on free ports, in directories of their own, gone with this process
//
// A comparison is worth what the other side is worth, so each is built as its friends would tune it, on these terms:
//
//   - The face is Holdfast's for all that a load asks: same library and settings, same bodies, same codes. Streams,
//     lists, refunds and the waiting room are not there (404), plans are compact ones, and nobody counts a buyer's
//     seats over several bookings: whatever is missing makes a baseline faster.
//   - A repeat of a request gives the same booking. That costs one index and no more, because a booking's id is the
//     hash of who asked and under which key: the primary key finds bookings and refuses second ones.
//   - A hold of several seats is all or none. A hold ends by itself, and whoever comes next takes the seat: nobody
//     sweeps.
//   - A hold is one round trip to PostgreSQL, one statement that is a transaction of its own, prepared once and planned
//     once (optimistic: two; textbook: one to each). A loser is told in the same one. Statements for one seat, which
//     loads mostly ask for, are leaner. Rows are locked in the order of their keys, so that there are no deadlocks.
//   - A row a seat has no index on what changes and room in its page: every update is heap-only. The table is vacuumed
//     and analyzed once it is filled. shared_buffers is 1 GB, no checkpoint falls into a measurement; fsync,
//     synchronous_commit and full_page_writes are on.
//   - Buyers who let the server choose do not all get sent to the same seat: a baseline that chooses before it takes
//     picks any of the first runs that are free. Best-available is refused only when too few seats were free.
//   - Whoever reads a map shares it with all who ask while an earlier one is being read; it is as fresh as if they had
//     asked alone.
//   - Redis is asked over its socket, through go-redis's automatic pipelining: a third cheaper for losers than a
//     connection each. It keeps nothing on a disk, as caches usually do not; see textbook for what that means after a
//     crash. Several seats are locked by one script, which is one round trip as a pipeline of SETs is, and never holds
//     a part of a request that somebody else is then refused for.
//
// Pools of 10, 32 and 64 connections were measured on two cores, with 64 and 256 clients: 64 gave the most holds,
// because the more commits wait together the more share one sync. The textbook had twice what 10 gave it, the others
// 1.4 to 2.3 times; 32 came close. Losers, who write nothing, do not mind. commit_delay and a socket instead of TCP to
// PostgreSQL changed nothing that could be told from noise.
package baselines
