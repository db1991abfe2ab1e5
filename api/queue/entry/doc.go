// Package entry is what an event asks of a join besides a buyer, and whether a join has brought it. Everything is off
// by default, and set when the event is made.
//
//	GET queue/challenge ──▶ Checks.AppendChallenge ──▶ what this join needs now
//	POST queue ───────────▶ Checks.Check(what the join brings) ──▶ nil, or why not; the gate is not asked then
//
// The cheapest is asked first, and what a stranger cannot make up before what costs a call: the proof of work (two
// hashes), then the signature of a presale code, then the captcha's provider (one call to a third party, see package
// captcha). A refusal writes nothing, and keeps nothing. How often a code may be used, and whether it still may, the
// gate says by its log.
//
// A presale code gives entry to the waiting room of an event that asks for codes, and nothing else: no better place, no
// lower price. So a presale is an event, or a waiting room, of its own.
//
// The difficulty follows the joins of the second before on this node: only what has been paid for with a proof counts,
// so that nobody makes it dear for others by asking.
//
// # Rejected
//
// One call for each thing that is asked: a page would make them all, one after the other. Skipping the checks for a
// buyer who has a place: the gate would be asked before anything is proven.
package entry
