// Package oldsandbox is a pretend payment processor with a real memory: every charge and refund is durable before it is
// answered, in books of its own, so that a crash of the engine can be checked against what "the bank" says.
//
//	tok_ok        charged at once
//	tok_declined  declined at once
//	tok_slow      charged after Slow (2 s)
//	tok_unknown   charged, but the answer is lost; Lookup tells
//	tok_lost      the request is lost: never charged, and the answer is lost too
//	any other     declined
//
// It keeps its books in one of two places, behind one small interface:
//
//	          ┌─ fileBooks    a file of JSON lines, for one process (Open); whoever pays at the same time shares a sync
//	Sandbox ──┤
//	          └─ sharedBooks  rows of a store that several processes share (OpenShared): a payment is one payment whichever of
//	                          them asks, for the store decides between two that ask at once (P6)
package oldsandbox
