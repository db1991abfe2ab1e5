// Package datafolder is the folder of a server without a database: what its files are called, and how they are opened.
//
//	DIR/store            the embedded store; one process at a time
//	DIR/payments.jsonl   the pretended processor's ledger
//	DIR/payment-events-… how far a processor's events were read, a file for each
//	DIR/test-clock       of a folder for tests: how far its clock is ahead
//
// The node, the commands on a stopped server's data and the copy all open it here, so that a folder in use, or one that
// has lost what was acknowledged, is told in the same words by all of them.
package datafolder
