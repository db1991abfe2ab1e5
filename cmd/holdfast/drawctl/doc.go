// Package drawctl checks a published draw as anybody could (P8): from documents, from a beacon's key and, if it is at
// hand, from the gate's log. It asks no server and trusts none.
//
//	document (now) ───────┐   rule       the round is the rule's, and comes after the close
//	documents (earlier) ──┤   beacon     the signature is the round's, by the key that the chain's hash pins
//	chain's parameters ───┼─▶ seed       it comes from event, N, root and signature          ─▶ Verdict
//	log ──────────────────┘   place      the path leads to the root, and the rank is π(seed, number)
//	                          witness    rule, N and root are those of the earlier documents
//	                          entrants   the log's entrants give N and root
//	                          log        it says the same as the document; the audit has no finding
//
// A draw is told as independent only if rule, beacon and seed were checked and hold: nobody could know the seed before
// the round, and nobody chose it. Everything else is told as "not independent: the operator is trusted". What was not
// checked, for lack of data, is a line of its own and never passes for checked.
//
// A log is a line of JSON a record, its body in Base64 as the store has it, so that no printing stands between the
// bytes and whoever checks them.
//
// # Rejected
//
// Fetching the round from a drand server: the command works years later without a network, and what is fetched would
// have to be verified all the same. One verdict without lines: a reader has to see what a word rests on.
package drawctl
