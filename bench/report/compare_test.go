package report

import (
	"strings"
	"testing"
	"time"
)

// run is a made-up run of the first sides, in which the first one's rates and latencies are changed by a factor.
func run(seed uint64, rounds, sides int, faster float64) *Report {
	r := fakeReport(seed, rounds, fakeSides[:sides])
	for i := range r.Sides[0].Rounds {
		round := &r.Sides[0].Rounds[i]
		round.Useful.PerSecond *= faster
		for j := range round.Calls {
			for k := range round.Calls[j].Outcomes {
				q := &round.Calls[j].Outcomes[k].Latency
				q.P50, q.P99 = time.Duration(float64(q.P50)/faster), time.Duration(float64(q.P99)/faster)
			}
		}
	}
	return r
}

func (c *Comparison) find(t *testing.T, side, over, metric string) Difference {
	t.Helper()
	for _, d := range c.Differences {
		if d.Side == side && d.Over == over && d.Metric == metric {
			return d
		}
	}
	t.Fatalf("no %s of %s over %q in\n%s", metric, side, over, c.Text())
	return Difference{}
}

func TestCompareFindsWhatChanged(t *testing.T) {
	for _, c := range []struct {
		name   string
		faster float64
		rounds int
		word   string
		worse  bool
	}{
		{"a third slower", 0.67, 5, Worse, true},
		{"a half faster", 1.5, 5, Better, false},
		{"four rounds are enough", 0.67, 4, Worse, true},
		{"ten rounds", 0.67, 10, Worse, true},
		{"three rounds are not", 0.3, 3, CannotTell, false},
		{"a little is noise or nothing", 0.99, 5, Same, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			compared := Compare(run(1, c.rounds, 2, 1), run(2, c.rounds, 2, c.faster))
			own := compared.find(t, "holdfast", "", "useful/s")
			ratio := compared.find(t, "holdfast", "redis-postgres", "useful/s")
			if own.Word != c.word || c.word != Same && ratio.Word != c.word {
				t.Errorf("useful/s is %q (p %.4f, of all %.4f, factor %.3f), its ratio %q; want %q", own.Word, own.P,
					own.FamilyP, own.Factor, ratio.Word, c.word)
			}
			if compared.Worse() != c.worse {
				t.Errorf("Worse() = %v\n%s", compared.Worse(), compared.Text())
			}
			if own.Word == Worse && (own.Factor > 0.75 || own.Low <= 0 || own.Low > own.Factor ||
				own.High < own.Factor) {
				t.Errorf("factor %v (%v … %v)", own.Factor, own.Low, own.High)
			}
			if latency := compared.find(t, "holdfast", "", "hold held p50"); c.word == Worse && latency.Word != Worse {
				t.Errorf("its latency rose and is %q: %+v", latency.Word, latency)
			}
		})
	}
}

func TestTooFewRoundsSaySo(t *testing.T) {
	text := Compare(run(1, 3, 2, 1), run(2, 3, 2, 0.3)).Text()
	if !strings.Contains(text, "cannot tell: too few rounds (3 and 3; 4 each are needed)") {
		t.Errorf("it does not say why:\n%s", text)
	}
}

// TestVoidRoundsOfOneSideBlindNoOther: metrics with too few rounds do not join the family, where they would hide what
// the others show.
func TestVoidRoundsOfOneSideBlindNoOther(t *testing.T) {
	before, after := run(1, 5, 3, 1), run(2, 5, 3, 0.6)
	for _, r := range []*Report{before, after} {
		for i := range 3 {
			r.Sides[2].Rounds[i].Void = "too few requests"
		}
	}
	compared := Compare(before, after)
	if d := compared.find(t, "holdfast", "redis-postgres", "useful/s"); d.Word != Worse {
		t.Errorf("40 %% less is %q beside a side of two rounds (p %v, of all %v)", d.Word, d.P, d.FamilyP)
	}
	if d := compared.find(t, "holdfast", "update", "useful/s"); d.Word != CannotTell || d.FamilyP != 1 {
		t.Errorf("two rounds against two: %q, p of all %v", d.Word, d.FamilyP)
	}
}

func TestNoiseIsNotWorse(t *testing.T) {
	alarms := 0
	for seed := range uint64(20) {
		if Compare(run(2*seed, 5, 2, 1), run(2*seed+1, 5, 2, 1)).Worse() {
			alarms++
		}
	}
	if alarms > 2 {
		t.Errorf("%d of 20 comparisons of noise are worse", alarms)
	}
}

// TestOnlyTheSideInQuestionCounts: another side's trouble is told, and no reason to fail.
func TestOnlyTheSideInQuestionCounts(t *testing.T) {
	before, after := run(1, 5, 3, 1), run(2, 5, 3, 1)
	for i := range after.Sides[1].Rounds {
		after.Sides[1].Rounds[i].Useful.PerSecond /= 3
	}
	compared := Compare(before, after)
	if d := compared.find(t, "redis-postgres", "", "useful/s"); d.Word != Worse {
		t.Errorf("a third of the rate is %q", d.Word)
	}
	if d := compared.find(t, "holdfast", "redis-postgres", "useful/s"); d.Word != Better {
		t.Errorf("three times the ratio is %q", d.Word)
	}
	if compared.Worse() {
		t.Errorf("worse, though only another side is:\n%s", compared.Text())
	}
}

// TestRatiosOutweighTheHour: a machine that is slower as a whole changes the figures and not the ratios.
func TestRatiosOutweighTheHour(t *testing.T) {
	before, after := run(1, 5, 2, 1), run(2, 5, 2, 1)
	for i := range after.Sides {
		for j := range after.Sides[i].Rounds {
			after.Sides[i].Rounds[j].Useful.PerSecond *= 0.6
		}
	}
	compared := Compare(before, after)
	if d := compared.find(t, "holdfast", "", "useful/s"); d.Word != Worse {
		t.Errorf("the figure is %q", d.Word)
	}
	if compared.Worse() {
		t.Errorf("worse, though both sides are slower alike:\n%s", compared.Text())
	}
}

func TestAloneItsOwnFiguresCount(t *testing.T) {
	before, after := run(1, 5, 1, 1), run(2, 5, 1, 0.6)
	if !Compare(before, after).Worse() {
		t.Error("a side alone lost 40 % and is not worse")
	}
	after.Machine.Processor = "another"
	if compared := Compare(before, after); compared.Worse() {
		t.Error("figures of another machine made it worse")
	} else if !strings.Contains(compared.Text(), "the machine differs") {
		t.Errorf("another machine is not told:\n%s", compared.Text())
	}
}

func TestFailedCheckIsWorse(t *testing.T) {
	before, after := run(1, 3, 1, 1), run(2, 3, 1, 1.5)
	after.Sides[0].Checks[1].Verdict = Failed
	compared := Compare(before, after)
	if !compared.Worse() || !strings.Contains(compared.Text(), "linearizable: FAILED, was passed") {
		t.Errorf("a check that fails now:\n%s", compared.Text())
	}
	before.Sides[0].Checks[1].Verdict = Failed
	if compared = Compare(before, after); compared.Worse() || !strings.Contains(compared.Text(), "still FAILED") {
		t.Errorf("a check that failed before too:\n%s", compared.Text())
	}
	after.Sides[0].Checks = after.Sides[0].Checks[:1]
	if text := Compare(before, after).Text(); !strings.Contains(text, "not made, was passed") {
		t.Errorf("a check that is not made any more:\n%s", text)
	}
}

func TestWarningsNameWhatDiffers(t *testing.T) {
	before, after := run(1, 4, 2, 1), run(1, 4, 3, 1)
	after.Scenario, after.Command, after.Seed = "steady", "another", 99
	after.Figures[0].Value = 9.5
	after.Machine.Versions[0].Value = "go1.27"
	after.Settings[1].Value = "64"
	after.Settings = append(after.Settings, Setting{"think time", "1 s"})
	all := strings.Join(Compare(before, after).Warnings, "\n")
	for _, want := range []string{
		"the scenario differs: stampede, now steady", "the seed differs: 1, now 99", "version of Go differs",
		"setting connections differs: 512, now 64",
		"setting think time differs: –, now 1 s", "the command differs", "update is only in the new report",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no warning %q in\n%s", want, all)
		}
	}
	if text := Compare(before, after).Text(); !strings.Contains(text,
		"noise not known: 2.4 M tickets sold in: 9.50, was 8.20 minutes") {
		t.Errorf("a single figure that changed is not told:\n%s", text)
	}
	if same := Compare(before, before); len(same.Warnings) != 0 || same.Worse() {
		t.Errorf("a report against itself: %v", same.Warnings)
	}
}

func TestSurestFirst(t *testing.T) {
	compared := Compare(run(1, 5, 2, 1), run(2, 5, 2, 0.5))
	for i, d := range compared.Differences[1:] {
		if before := compared.Differences[i]; weight(before.Word) > weight(d.Word) || before.Word == d.Word &&
			before.FamilyP > d.FamilyP {
			t.Fatalf("%s (%v) stands before %s (%v)", before.Word, before.FamilyP, d.Word, d.FamilyP)
		}
	}
	if compared.Differences[0].Word != Worse {
		t.Errorf("the first is %q", compared.Differences[0].Word)
	}
}
