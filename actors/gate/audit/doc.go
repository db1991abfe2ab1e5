// Package audit judges a gate's log from its entries alone (P8). It shares the change's bytes and the draw with the
// gate, and no rule: every count, clock and bound is computed once more, by slices and loops, from what the log says.
//
//	entries ──DecodeChanges──▶ judge, a change at a time ──▶ Report: findings by invariant, and what is unchecked
//
//	G1  one live place a buyer, numbers dense         G6  a slot freed only after its end, and acknowledgements of it
//	G3  N, root and rule before the round, π(seed, n) G8  each call cites the newest stock, which permits it
//	G4  the counter grows; calls, offers and          G9  no call or admission while paused, closed or out of stock
//	    admissions in the order of ranks              G12 turns and grace ran their time, without pauses and outages
//	G5  no admission unless occupied < cap
//
// What the log alone cannot show is listed in Report.Unchecked: nothing is passed over in silence.
//
// Rejected: replaying the gate's own machine with assertions. Its mistakes would be the judge's.
package audit
