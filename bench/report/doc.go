// Package report is what is left of a run when the processes are gone: figures in, pages out. It measures nothing.
//
//	harness ──fills──▶ Report ──▶ JSON   the truth: everything else is made of it, now or in a year
//	                     ▲  │ ──▶ CSV    one line for each side, round, kind of request and class of answer
//	go test -bench ──────┘  │ ──▶ Text   the terminal
//	  (Benchmarks)          │ ──▶ HTML   one page with its plots inside: no network, no script
//	                        ▼
//	           two of them: Compare ──▶ what changed beyond noise
//
// Four habits keep such pages honest:
//
//   - A void round has a reason and no number. Whoever reads a page looks at the largest figure first, and a rate at
//     which the client was the bottleneck is the client's. So rounds are counted or they are not, in one place
//     (Round.Counted), and every output goes through it.
//   - The middle and the ends, never a mean with a deviation: of five rounds, the ends are known and a deviation is
//     guessed.
//   - Ratios are formed round by round. Noise that outlasts a round hits both sides and cancels out; of two medians it
//     would not.
//   - Not checked is not passed. It has a colour, a word and a count of its own.
//
// Across rounds a side's quantile is the median of its rounds' quantiles, and its maximum the greatest of all: pooling
// the rounds would let one bad round write every tail. Plots over time show one round, the one in the middle, since an
// average of rounds would be smoother than anything that happened.
//
// Compare rests on rank and permutation tests, which need no bell curve and are exact with as few rounds as a run has;
// see its comment for the rule and its sources.
package report
