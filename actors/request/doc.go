// Package request is one command on its way to a section and back: what its waiter, the shard and the other nodes have
// to remember of it, and how often it is sent.
//
//	New ──▶ the caller fills Command ──▶ Retrier.Do ──▶ Destination.Send: the section here, or the node that has it
//	                                        │  ▲                │
//	                                        │  └── not done, or lost and repeatable: again, some 120 ms in all
//	                                        ▼
//	                  answered: the caller reads Decision, and gives the request back (Free)
//
// A request that timed out is still with its section: nobody gives it back, and the pool makes a new one.
//
// # Rejected
//
//   - A request of its own for what goes to another node: the waiter does not know where its section is, and learns on
//     the way that the section has moved.
//   - A context for each request: its timer and its channel are allocations, and a deadline is a number.
package request
