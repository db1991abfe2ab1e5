// Package buyers is who buys: people and scripts as the scenarios imagine them, what they send, and what they were
// told.
//
//	Job (scenario, seed, events, habits)
//	   │
//	   ▼
//	Script ─ behaviour.enter ──▶ asker ──bytes──▶ load.Turn  ══▶ server
//	   ▲         behaviour.next ◀── heard (class, verdict) ◀── hear ◀── answer
//	   └────────────────────────────▶ check.Part: every request and answer, for the checker
//
// One file is one scenario, and its comment argues why the question is an honest one: steady, stampede, onsale, browse,
// expiry, bots, eras. All chance comes from the job's seed. What buyers send is written from bytes prepared before, and
// answers are looked through for the few members that matter: on a machine that client and server share, everything
// more would be measured as the server's.
//
// A good client repeats a request under the same key when it does not know what became of it, or was turned away; so do
// these, and the checker holds the server to it.
package buyers
