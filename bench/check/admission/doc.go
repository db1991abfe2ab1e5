// Package admission judges waiting rooms (P8) from what buyers were answered and from the logs, and from nothing
// else.
//
//	history.QueueOp of all buyers ─────────────┐
//	the waiting room's log, waitingroom.LogChange ─┼─▶ Run ─▶ places, calls, inside, sessions, everybody
//	the sections' logs, wire.LogChange ────────┘
//
//	places     one number a buyer and one buyer a number, dense, in the log as answered (G1, P2); whoever was answered
//	           201 before somebody else asked has the lower number (G2)
//	calls      the counter only grows; each call cites the newest stock, which is what the sections' logs add up to at
//	           the records that it names, and has something left; none while paused; of those present the lowest is
//	           offered a slot first (G4, G8, G9)
//	inside     never more people surely inside at once than the cap in force, by the answers and by the log (G5)
//	sessions   an admission is in the log as answered; a slot is freed after its session's end and when all
//	           have acknowledged it (G6); no hold after the end, none with somebody else's admission, and nobody
//	           inside is refused (G7)
//	everybody  each buyer who has a place was let in or told why not
//
// Only what is certain is a fault: moments are intervals between call and return, an unknown outcome may have
// happened or not, and clocks may differ by the history's slack. What is not judged is said in each check's
// detail: the draw (G3, by holdfast draw verify), the ranks after one and the clocks of turns (G4, G12, by
// holdfast audit, which reads the log with rules of its own), limits and keys over nodes (G10, G11, by package
// check from the same answers), and what never reached the server.
//
// Rejected: to import the gate, its decoder or its audit. What the judge shares with the judged, it cannot find
// wrong.
package admission
