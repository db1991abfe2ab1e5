// Package processortest holds any adapter of a payment processor against the port's rules, so that the checkout may
// believe each of them alike.
//
//	adapter + a bank behind it ──▶ Run ──┬─ payments:  idempotent calls, terminal stays terminal, cancel or charge
//	  (Bank: tokens, a buyer,            ├─ challenges; refunds: ids, parts, too much, failures, pending ones
//	   a line that can be cut)           ├─ the list is complete, events tell, amounts
//	                                     ├─ a cut line or a lost answer is Unknown, and the next call tells
//	                                     └─ webhooks: signature, time both ways, rotated secrets
//
// A bank that lacks what a rule needs fails it: no rule is left out but those about the line, for a bank without one
// (RunInProcess). Line stands between an adapter and a
// bank over HTTP, and loses what it is told to lose.
//
// Rejected: a suite that runs on recorded answers. A recording has no state, and nearly every rule is about the second
// call.
package processortest
