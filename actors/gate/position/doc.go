// Package position tells where a place stands, from its number and the public frame of counters alone: the page, an
// edge and every node compute the same, and a poll costs no look-up (P8). The page's JavaScript is held to the same
// vectors (testdata/vectors.json).
//
// # The rule
//
//	rank      = number ≥ N ? number : place(number) of package draw           whole numbers throughout
//	lobby, closed:  position 0 (there is none yet), ahead = joined − 1, no ETA: not_drawn
//	rank < called:  position 0, ahead 0, ETA 0: it is, or was, this place's turn
//	else            ahead = rank − called, position = ahead + 1
//	                ETA = ceil((ahead + 1) × 1000 / pace) seconds, at most a week
//	                no ETA while sold out (sold_out), paused (paused), before the doors (not_open), or without a pace
//	                (no_pace): the first that holds is told
//
// ahead is an upper bound, and is told as one: some of those ahead have left or will not come, and nobody but the gate
// knows who. It never grows, for ranks never change and the counter only grows. So an ETA grows only when the pace
// falls or calls stop; Grew says which.
//
// The pace is ranks that the counter passed in 1000 seconds, over the newest minute or what there is of it: those who
// left count too, as they must. A Forecast compares what was told with what came true.
package position
