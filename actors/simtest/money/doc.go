// Package money holds the explorer of the checkout: it runs every interleaving, to a stated depth, of what may happen
// to one booking and its money, over the real section machine and the real till, against a pretended processor that
// keeps no rule but those of its port.
//
//	a world ──▶ every move that is possible in it ──▶ a world, seen before? ──▶ no: its moves, and so on
//	              pay · charge arrives · answer told, lost · challenge passed, failed · lapse · crash · takeover
//	              settle · hint, true, forged · refund of a seat, of all · cancel · the bank breaks its word
//
// The till's code runs as it is: each call of one of its ports is a point where everything else may happen. A world is
// reached by running its moves from the beginning, so nothing has to be copied; two worlds are the same if section,
// processor and what each flow has seen so far are.
//
// In every world the invariants I1 to I6 and I12 hold; from every world that is not gone on from, everything comes to
// rest without help, and then charged = sold + refunded.
package money
