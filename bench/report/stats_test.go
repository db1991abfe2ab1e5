package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func near(a, b, within float64) bool { return math.Abs(a-b) <= within }

func TestSpreadOf(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   Spread
	}{
		{nil, Spread{}},
		{[]float64{7}, Spread{7, 7, 7}},
		{[]float64{3, 1}, Spread{2, 1, 3}},
		{[]float64{5, 1, 9}, Spread{5, 1, 9}},
		{[]float64{4, 1, 3, 2}, Spread{2.5, 1, 4}},
	} {
		before := slices.Clone(c.values)
		if got := SpreadOf(c.values); got != c.want {
			t.Errorf("SpreadOf(%v) = %v, want %v", c.values, got, c.want)
		}
		if !slices.Equal(before, c.values) {
			t.Errorf("SpreadOf changed its argument: %v", c.values)
		}
	}
}

// apart are two groups of which U pairs are the other way round.
func apart(n, m, u int) (a, b []float64) {
	for i := 1; i <= n+m; i++ {
		if i < n || i == n+u {
			a = append(a, float64(i))
		} else {
			b = append(b, float64(i))
		}
	}
	return a, b
}

// TestMannWhitneyAgainstItsTable: the one-sided probabilities of table I of Mann and Whitney (1947); two-sided is twice
// as much.
func TestMannWhitneyAgainstItsTable(t *testing.T) {
	for _, c := range []struct {
		n, m int
		want []float64 // by U from 0
	}{
		{3, 3, []float64{.050, .100, .200, .350}},
		{4, 3, []float64{.028, .057, .114, .200}},
		{4, 4, []float64{.014, .029, .057, .100, .171}},
		{5, 5, []float64{.004, .008, .016, .028, .048, .075}},
		{6, 6, []float64{.001, .002, .004, .008, .013, .021, .032}},
	} {
		for u, want := range c.want {
			a, b := apart(c.n, c.m, u)
			if got := mannWhitney(a, b) / 2; !near(got, want, 0.0006) {
				t.Errorf("%d and %d, U = %d: one-sided p %.4f, the table has %.3f", c.n, c.m, u, got, want)
			}
			if two, mirrored := mannWhitney(a, b), mannWhitney(b, a); !near(two, mirrored, 1e-12) {
				t.Errorf("%d and %d, U = %d: %v one way, %v the other", c.n, c.m, u, two, mirrored)
			}
		}
	}
}

// TestPermeabilityExample is the example of Hollander and Wolfe, Nonparametric Statistical Methods (1973), p. 69: W =
// 35, one-sided p 0.1272, difference 0.305 (-0.15 … 0.76). Differences are quotients of the exponentials.
func TestPermeabilityExample(t *testing.T) {
	x := []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	y := []float64{1.15, 0.88, 0.90, 0.74, 1.21}
	if p := mannWhitney(x, y); !near(p, 2*0.1272, 0.0002) {
		t.Errorf("two-sided p %.4f, the book has twice 0.1272", p)
	}
	exponentials := func(values []float64) (e []float64) {
		for _, v := range values {
			e = append(e, math.Exp(v))
		}
		return e
	}
	factor, low, high, ok := hodgesLehmann(exponentials(y), exponentials(x), 0.95)
	if !ok || !near(math.Log(factor), 0.305, 1e-9) || !near(math.Log(low), -0.15, 1e-9) ||
		!near(math.Log(high), 0.76, 1e-9) {
		t.Errorf("difference %.4f (%.4f … %.4f), want 0.305 (-0.15 … 0.76)", math.Log(factor), math.Log(low),
			math.Log(high))
	}
}

// bruteForce deals the values out in every way and counts, with another statistic of the same order: the pairs won.
func bruteForce(a, b []float64) float64 {
	all := slices.Concat(a, b)
	wins := func(chosen []bool) (u float64) {
		for i := range all {
			for j := range all {
				if chosen[i] && !chosen[j] {
					u += (1 + float64(sign(all[i]-all[j]))) / 2
				}
			}
		}
		return u
	}
	first := make([]bool, len(all))
	for i := range a {
		first[i] = true
	}
	middle := float64(len(a)*len(b)) / 2
	observed := math.Abs(wins(first) - middle)
	var ways, asFar float64
	eachLabeling(len(all), len(a), func(isOld func(int) bool) {
		chosen := make([]bool, len(all))
		for i := range chosen {
			chosen[i] = isOld(i)
		}
		ways++
		if math.Abs(wins(chosen)-middle) >= observed-1e-9 {
			asFar++
		}
	})
	return asFar / ways
}

func sign(v float64) int {
	switch {
	case v < 0:
		return -1
	case v > 0:
		return 1
	}
	return 0
}

// TestTiesAreCountedExactly: few different values make many ties.
func TestTiesAreCountedExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		group := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 4), func(n int) float64 { return float64(n) }), 1, 5)
		a, b := group.Draw(t, "a"), group.Draw(t, "b")
		if got, want := mannWhitney(a, b), bruteForce(a, b); !near(got, want, 1e-9) {
			t.Fatalf("p of %v and %v: %v, dealing out in every way says %v", a, b, got, want)
		}
	})
}

func TestLeastP(t *testing.T) {
	for _, c := range []struct {
		a, b int
		want float64
	}{{1, 1, 1}, {3, 3, 0.1}, {3, 4, 2.0 / 35}, {4, 4, 2.0 / 70}, {5, 5, 2.0 / 252}, {10, 10, 2.0 / 184756}} {
		if got := leastP(c.a, c.b); !near(got, c.want, 1e-12) {
			t.Errorf("leastP(%d, %d) = %v, want %v", c.a, c.b, got, c.want)
		}
		a, b := apart(c.a, c.b, 0)
		if got := mannWhitney(a, b); !near(got, c.want, 1e-12) {
			t.Errorf("groups wholly apart, %d and %d: p %v, want the least, %v", c.a, c.b, got, c.want)
		}
	}
}

// TestIntervalAgreesWithTheTest: one lies outside of the interval exactly when the test rejects at the same level.
func TestIntervalAgreesWithTheTest(t *testing.T) {
	lots := rand.New(rand.NewPCG(3, 3))
	outside := 0
	for range 300 {
		n := 4 + lots.IntN(4)
		shift := lots.Float64() * 2
		var a, b []float64
		for range n {
			a, b = append(a, math.Exp(lots.NormFloat64())), append(b, math.Exp(lots.NormFloat64()+shift))
		}
		_, low, high, ok := hodgesLehmann(a, b, 0.95)
		if !ok {
			t.Fatalf("no interval of %d and %d", n, n)
		}
		rejects := mannWhitney(a, b) <= 0.05
		if without := low > 1 || high < 1; without != rejects {
			t.Fatalf("interval %v … %v, p %v", low, high, mannWhitney(a, b))
		} else if without {
			outside++
		}
	}
	if outside < 30 || outside > 270 {
		t.Fatalf("%d of 300 outside: the test saw one case only", outside)
	}
	if _, _, _, ok := hodgesLehmann([]float64{1, 2, 3}, []float64{4, 5, 6}, 0.95); ok {
		t.Error("three against three have an interval of 95 %, which no rank test can give")
	}
}

// noise is a family of metrics in which nothing differs.
func noise(lots *rand.Rand, metrics, rounds int) [][]float64 {
	all := make([][]float64, metrics)
	for i := range all {
		for range rounds {
			all[i] = append(all[i], lots.NormFloat64())
		}
	}
	return all
}

// TestFamilyRaisesFewFalseAlarms, where one test a metric raises one most of the time.
func TestFamilyRaisesFewFalseAlarms(t *testing.T) {
	const tries, metrics, rounds = 300, 14, 5
	lots := rand.New(rand.NewPCG(5, 5))
	family, alone := 0, 0
	for range tries {
		values := noise(lots, metrics, 2*rounds)
		if slices.Min(familyP(values, rounds)) < 0.05 {
			family++
		}
		if slices.ContainsFunc(values, func(v []float64) bool { return mannWhitney(v[:rounds], v[rounds:]) < 0.05 }) {
			alone++
		}
	}
	if rate := float64(family) / tries; rate > 0.08 {
		t.Errorf("%.0f %% of comparisons of noise raise an alarm", 100*rate)
	}
	if rate := float64(alone) / tries; rate < 0.2 {
		t.Errorf("one test a metric raises an alarm in only %.0f %%: this noise would not show a missing correction",
			100*rate)
	}
}

func TestFamilyFindsWhatDiffers(t *testing.T) {
	lots := rand.New(rand.NewPCG(6, 6))
	values := noise(lots, 14, 10)
	for i := range 5 {
		values[3][i] += 12
	}
	p := familyP(values, 5)
	if !near(p[3], 2.0/252, 1e-12) {
		t.Errorf("a metric that is wholly apart has p %v, want the least, 2/252", p[3])
	}
	for i, other := range p {
		if i != 3 && other < 0.05 {
			t.Errorf("metric %d is noise and has p %v", i, other)
		}
	}
}

func TestFamilyOfOddShapes(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name    string
		metrics [][]float64
		old     int
		want    []float64
	}{
		{"none", nil, 0, nil},
		{"all equal", [][]float64{{3, 3, 3, 3, 3, 3, 3, 3}}, 4, []float64{1}},
		{"equal but for the label", [][]float64{{1, 1, 1, 1, 2, 2, 2, 2}}, 4, []float64{2.0 / 70}},
		{"a round is missing", [][]float64{{1, nan, 1.1, 1.2, 9, 9.1, 9.2, 9.3}}, 4, []float64{2.0 / 70}},
		{"nothing new", [][]float64{{1, 2, 3, nan, nan, nan}}, 3, []float64{1}},
		{"no old rounds", [][]float64{{1, 2, 3}}, 0, []float64{1}},
	} {
		got := familyP(c.metrics, c.old)
		if fmt.Sprint(len(got)) != fmt.Sprint(len(c.want)) {
			t.Fatalf("%s: %v, want %v", c.name, got, c.want)
		}
		for i := range got {
			if !near(got[i], c.want[i], 1e-9) {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	}
}

// TestManyRoundsAreDrawn: too many labelings to try all; the same ones are drawn each time.
func TestManyRoundsAreDrawn(t *testing.T) {
	lots := rand.New(rand.NewPCG(7, 7))
	values := noise(lots, 3, 24)
	for i := range 12 {
		values[0][i] += 9
	}
	one, two := familyP(values, 12), familyP(values, 12)
	if !slices.Equal(one, two) {
		t.Errorf("two calls differ: %v, %v", one, two)
	}
	if !(one[0] < 0.001) || one[1] < 0.05 || one[2] < 0.05 {
		t.Errorf("p %v, want only the first small", one)
	}
}

func TestLabelingsAreAllAndOnce(t *testing.T) {
	for rounds := 2; rounds <= 10; rounds++ {
		for old := 1; old < rounds; old++ {
			seen := map[string]bool{}
			eachLabeling(rounds, old, func(isOld func(int) bool) {
				labels, count := "", 0
				for i := range rounds {
					if isOld(i) {
						labels, count = labels+"o", count+1
					} else {
						labels += "n"
					}
				}
				if seen[labels] || count != old {
					t.Fatalf("%d of %d: %s again, or with another number", old, rounds, labels)
				}
				seen[labels] = true
			})
			if float64(len(seen)) != choices(rounds, old) {
				t.Fatalf("%d of %d: %d labelings, want %v", old, rounds, len(seen), choices(rounds, old))
			}
		}
	}
}
