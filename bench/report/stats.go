package report

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// SpreadOf is the median, the least and the greatest of values; of none it is all zeros. An even number has the mean of
// the two in the middle for its median.
func SpreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	return Spread{Median: medianOfSorted(sorted), Min: sorted[0], Max: sorted[len(sorted)-1]}
}

func medianOfSorted(sorted []float64) float64 {
	middle := sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		middle = middle/2 + sorted[len(sorted)/2-1]/2
	}
	return middle
}

// mannWhitney is the two-sided p of the rank-sum test: how often chance alone would part two such groups as far as they
// are parted, or farther. Exact, ties included: the distribution of the rank sum over all ways to deal the ranks out is
// counted, not approximated.
//
// Sources: H. B. Mann and D. R. Whitney, On a Test of Whether One of Two Random Variables Is Stochastically Larger than
// the Other, Annals of Mathematical Statistics 18 (1947); counting by shifts: B. Streitberg and J. Röhmel, Exact
// Distributions for Permutation and Rank Tests, Statistical Software Newsletter 12 (1986).
func mannWhitney(a, b []float64) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 1
	}
	ranks := doubledRanks(slices.Concat(a, b))
	observed := 0
	for _, r := range ranks[:len(a)] {
		observed += r
	}
	middle := len(a) * (len(ranks) + 1)
	var all, asFar float64
	for sum, ways := range rankSums(ranks, len(a)) {
		all += ways
		if distance(sum, middle) >= distance(observed, middle) {
			asFar += ways
		}
	}
	return asFar / all
}

func distance(a, b int) int { return max(a-b, b-a) }

// doubledRanks are twice the ranks, in the order of values; ties share the middle of their ranks, which twice is always
// whole.
func doubledRanks(values []float64) []int {
	sorted := slices.Sorted(slices.Values(values))
	ranks := make([]int, len(values))
	for i, v := range values {
		first, _ := slices.BinarySearch(sorted, v)
		last := first
		for last < len(sorted) && sorted[last] == v {
			last++
		}
		ranks[i] = first + 1 + last
	}
	return ranks
}

// rankSums counts, for every sum, the ways to choose so many of the ranks that have it.
func rankSums(ranks []int, choose int) []float64 {
	total := 0
	for _, r := range ranks {
		total += r
	}
	ways := make([][]float64, choose+1)
	for k := range ways {
		ways[k] = make([]float64, total+1)
	}
	ways[0][0] = 1
	for _, r := range ranks {
		for k := choose; k > 0; k-- {
			for sum := total; sum >= r; sum-- {
				ways[k][sum] += ways[k-1][sum-r]
			}
		}
	}
	return ways[choose]
}

// leastP is the smallest two-sided p that groups of these sizes can have: when all of one are above all of the other.
func leastP(a, b int) float64 { return min(1, 2/choices(a+b, a)) }

// choices is the number of ways to choose k of n.
func choices(n, k int) float64 {
	ways := 1.0
	for i := range k {
		ways *= float64(n-i) / float64(i+1)
	}
	return math.Round(ways)
}

// hodgesLehmann is the factor by which b is above a: the median of all quotients of one of b and one of a. Low and high
// enclose it with at least the confidence asked for; they are the quotients at the ranks that the rank-sum test would
// just not reject, so that test and interval never contradict each other. Not ok: too few values for an interval of
// that confidence. All values must be above zero.
//
// Sources: J. L. Hodges and E. L. Lehmann, Estimates of Location Based on Rank Tests, Annals of Mathematical Statistics
// 34 (1963); the interval: D. F. Bauer, Constructing Confidence Sets Using Rank Statistics, Journal of the American
// Statistical Association 67 (1972).
func hodgesLehmann(a, b []float64, confidence float64) (factor, low, high float64, ok bool) {
	var quotients []float64
	for _, x := range a {
		for _, y := range b {
			quotients = append(quotients, y/x)
		}
	}
	slices.Sort(quotients)
	cut := intervalCut(len(a), len(b), confidence)
	if cut == 0 {
		return geometricMedian(quotients), 0, 0, false
	}
	return geometricMedian(quotients), quotients[cut-1], quotients[len(quotients)-cut], true
}

// geometricMedian of sorted values treats a factor and its reciprocal alike: halves and doubles meet at one.
func geometricMedian(sorted []float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	middle := sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		return math.Sqrt(middle) * math.Sqrt(sorted[len(sorted)/2-1])
	}
	return middle
}

// intervalCut is how many quotients may be cut off at each end: the greatest number whose tail of U stays within half
// of what confidence leaves. U is the rank sum less its least value; without ties it has every value up to a*b.
func intervalCut(a, b int, confidence float64) int {
	ranks := make([]int, a+b)
	least := 0
	for i := range ranks {
		ranks[i] = i + 1
		if i < a {
			least += i + 1
		}
	}
	ways := rankSums(ranks, a)
	tail, limit := 0.0, (1-confidence)/2*choices(a+b, a)
	for u := 0; u <= a*b; u++ {
		if tail += ways[least+u]; tail > limit {
			return u
		}
	}
	return 0
}

// Up to so many ways to label rounds old or new (eight against eight have 12,870) all of them are tried; above, as many
// are drawn, always the same ones.
const (
	labelingsMax  = 20_000
	labelingsSeed = 20_111
)

// familyP gives each metric its p among all of its family: how often, when the rounds' labels old and new are
// exchanged, any metric of the family is parted as clearly as this one is. Of forty metrics two differ at p < 0.05 by
// chance alone; here none does, nineteen times out of twenty. Rows are metrics, columns are rounds, the first old of
// them the old ones; NaN: not known in that round. Rounds are exchanged whole, so metrics that move together count as
// the one that they are.
//
// Source: P. H. Westfall and S. S. Young, Resampling-Based Multiple Testing (1993), the step-down maximum over all
// permutations. The statistic is the correlation of a metric with the labels in Fisher's transformation, which orders
// labelings as Student's t does, stays finite when rounds are equal to the last digit, and lets metrics with more and
// with fewer rounds be held against each other. Drawn labelings count the observed one as one of them (B. Phipson and
// G. K. Smyth, Permutation P-values Should Never Be Zero, 2010).
func familyP(metrics [][]float64, old int) []float64 {
	if len(metrics) == 0 {
		return nil
	}
	rounds := len(metrics[0])
	observed := make([]float64, len(metrics))
	for i, m := range metrics {
		observed[i] = clearness(m, func(round int) bool { return round < old })
	}
	order := make([]int, len(metrics))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(observed[b], observed[a]) })
	asClear, labelings := make([]float64, len(metrics)), 0.0
	eachLabeling(rounds, old, func(isOld func(int) bool) {
		labelings++
		greatest := 0.0
		for at := len(order) - 1; at >= 0; at-- {
			i := order[at]
			greatest = max(greatest, clearness(metrics[i], isOld))
			if greatest >= observed[i]-1e-9 {
				asClear[i]++
			}
		}
	})
	p, floor := make([]float64, len(metrics)), 0.0
	for _, i := range order {
		floor = max(floor, asClear[i]/labelings)
		p[i] = floor
	}
	return p
}

// clearness is how clearly the labels part the values: Fisher's z of their correlation in units of its own deviation,
// without a sign.
func clearness(values []float64, isOld func(round int) bool) float64 {
	var n, sum [2]float64
	for round, v := range values {
		if !math.IsNaN(v) {
			group := 0
			if isOld(round) {
				group = 1
			}
			n[group]++
			sum[group] += v
		}
	}
	all := n[0] + n[1]
	if n[0] == 0 || n[1] == 0 || all <= 3 {
		return 0
	}
	mean := (sum[0] + sum[1]) / all
	var total float64
	for _, v := range values {
		if !math.IsNaN(v) {
			total += (v - mean) * (v - mean)
		}
	}
	if total <= 1e-24*mean*mean {
		return 0
	}
	between := n[0]*square(sum[0]/n[0]-mean) + n[1]*square(sum[1]/n[1]-mean)
	return math.Atanh(math.Sqrt(min(between/total, clearest))) * math.Sqrt(all-3)
}

// clearest keeps the transformation finite.
const clearest = 1 - 1e-12

func square(v float64) float64 { return v * v }

// eachLabeling visits every way to call old of the rounds old, or many of them when there are too many; the observed
// one is among them.
func eachLabeling(rounds, old int, visit func(isOld func(round int) bool)) {
	if old == 0 || old >= rounds || rounds > 62 || choices(rounds, old) > labelingsMax {
		drawLabelings(rounds, old, visit)
		return
	}
	for set := uint64(1)<<old - 1; set < 1<<rounds; set = nextOfSameSize(set) {
		visit(func(round int) bool { return set>>round&1 == 1 })
	}
}

// nextOfSameSize is the next greater number with as many ones in it.
func nextOfSameSize(set uint64) uint64 {
	lowest := set & -set
	carried := set + lowest
	return carried | (set^carried)>>(2+bits.TrailingZeros64(lowest))
}

func drawLabelings(rounds, old int, visit func(isOld func(round int) bool)) {
	visit(func(round int) bool { return round < old })
	if old == 0 || old >= rounds {
		return
	}
	lots := rand.New(rand.NewPCG(labelingsSeed, 0))
	place := make([]int, rounds)
	for i := range place {
		place[i] = i
	}
	for range labelingsMax {
		lots.Shuffle(rounds, func(i, j int) { place[i], place[j] = place[j], place[i] })
		visit(func(round int) bool { return place[round] < old })
	}
}
