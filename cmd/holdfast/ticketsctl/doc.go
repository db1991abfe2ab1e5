// Package ticketsctl is what an operator does with a running server about tickets: the keys that they are signed with,
// and the ones that two scanners let in.
//
// Rejected: making keys in a store that nobody runs on. A store of a stopped server has none that anybody could use,
// and the first ticket that is shown makes the first key by itself.
package ticketsctl
