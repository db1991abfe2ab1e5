// Package machinetest is the conformance suite of machines: whatever passes it may stand under the writer and the
// shard. Every case is named after what must not happen, so a failing run says what would.
//
//	Subject ──▶ Run ──▶ writer cases: a Writer driven by hand, nothing happens between two lines of a case
//	               └──▶ shard cases: real actors and replicas on a store that breaks; Hosts write down what they hear
//
// It is a library of tests, not a test: a machine calls Run from its own test file. A machine without it does not
// merge. It holds the writer and the shard to account as much as the machine: they are the same for all of them, so the
// suite runs on the toy in counter and on the sections alike.
//
// No case sleeps. The shared clock stands until a case moves it; a case waits for a channel, never for a moment.
package machinetest
