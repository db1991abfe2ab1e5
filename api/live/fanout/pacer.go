package fanout

import "time"

// What the pace aims at. These are what people feel, and nothing of a machine.
const (
	// sliceLength is how long a writer writes before it lets others go first.
	sliceLength = 250 * time.Microsecond
	// freshAim is how old news may be at a shard's turn before the writers hurry: P9 allows 100 ms at the client.
	freshAim = 50 * time.Millisecond
	// restMin is the shortest rest: systems count shorter ones as this anyway. What is due is saved up.
	restMin = time.Millisecond
	// restMax is the longest rest, whatever a slice was said to take: the news must not wait for a wrong clock.
	restMax = 20 * time.Millisecond
	// judgeAfter is how much work and waiting makes a judgement: a preemption lasts some milliseconds.
	judgeAfter = 8 * time.Millisecond
	// crowdedPart is the part of its time for which a writer is kept waiting when others have too little.
	crowdedPart = 0.2
)

// The bounds of a writer's share of one processor: with less, nobody would hear anything; with more while others wait,
// bookings would not go first.
const (
	shareMin     = 1. / 16
	shareCrowded = 3. / 4
)

// pacer says how many clients a writer writes to in a slice, and how long it rests. It only reckons: time is told to
// it.
//
//	kept waiting for more than a part of the time?   share × 0.8      bookings go first
//	news older than the aim?                         share × 1.25     but not over 3/4 while others wait
//	neither                                          share + 0.05     nobody needs the processor
//
// The rest after work is work × (1/share − 1): with the whole processor none.
type pacer struct {
	cost  time.Duration // processor time of one write, smoothed; 0: none was seen
	share float64
	debt  time.Duration // rest that is due

	busy, kept time.Duration // since the last judgement
	late       bool          // something was told too late since then
}

func newPacer() pacer { return pacer{share: 1} }

// slice is how many clients are written to before others go first.
func (p *pacer) slice() int {
	if p.cost <= 0 {
		return 8 // the first slice finds out
	}
	return int(min(max(sliceLength/p.cost, 1), shardMax))
}

// turn begins with news of an age.
func (p *pacer) turn(age time.Duration) { p.late = p.late || age > freshAim }

// worked is told after a slice: how many were written to, how long that took, how much of it was processor time, and
// how long the yield after it lasted. rest is how long to sleep now; 0: not at all.
func (p *pacer) worked(count int, wall, processor, yielded time.Duration) (rest time.Duration) {
	if processor <= 0 || processor > wall {
		processor = wall // not told, or another thread's
	}
	if count > 0 {
		cost := max(processor/time.Duration(count), 1)
		if p.cost == 0 {
			p.cost = cost
		}
		p.cost += (cost - p.cost) / 8
	}
	p.busy += processor
	p.kept += wall - processor + yielded
	if p.busy+p.kept >= judgeAfter {
		p.judge()
	}
	p.debt = min(p.debt+time.Duration(float64(processor)*(1/p.share-1)), restMax)
	if p.debt < restMin {
		return 0
	}
	return p.debt
}

// rested is told how long a rest really was: a longer one counts for the next, but not for ever.
func (p *pacer) rested(slept time.Duration) { p.debt = max(p.debt-slept, -restMin) }

// idle forgets what is due: whoever has nothing to write rests.
func (p *pacer) idle() { p.debt = min(p.debt, 0) }

func (p *pacer) judge() {
	crowded := float64(p.kept) > crowdedPart*float64(p.busy+p.kept)
	switch {
	case p.late && crowded:
		p.share = min(p.share*1.25, max(shareCrowded, p.share*0.8))
	case p.late:
		p.share = min(p.share*1.25, 1)
	case crowded:
		p.share = max(p.share*0.8, shareMin)
	default:
		p.share = min(p.share+0.05, 1)
	}
	p.busy, p.kept, p.late = 0, 0, false
}
