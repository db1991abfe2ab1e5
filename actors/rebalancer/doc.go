// Package rebalancer sees to it that sections are where the view wants them: on every node it claims what is placed
// here and stands still, and hands over, a few at a time, what is placed elsewhere. What is right for one section is a
// rule of package placement; this is who asks the rule, and does it.
//
//	Wake, or four times a second ──▶ Round ──▶ each section: Situation ──▶ placement.ActionFor
//	                                   │                                      ├─ Claim
//	                                   │                                      └─ Transfer: 4 at a time, 8 of a
//	                                   │                                         node that drains
//	                                   ├── idle for long ──▶ Passivate
//	                                   └── records do not come in ──▶ CatchUp: 64 logs a round
//
// Nothing is lost when it is late, or when two nodes disagree: the log says who writes.
//
// # Rejected
//
//   - A move at the very change of the view: views flap, and what is asked for again in a round needs no memory of what
//     was asked for.
package rebalancer
