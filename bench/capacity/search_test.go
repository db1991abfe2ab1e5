package capacity

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/bench/load"
)

func climb() *Climb { return &Climb{From: 100, Factor: 2, Tolerance: 0.1, Tries: 1} }

func trialsOf(text string) (trials []Trial) {
	for _, word := range strings.Fields(text) {
		var t Trial
		var verdict rune
		word, t.Long = strings.CutPrefix(word, "long:")
		if n, err := fmt.Sscanf(word, "%f%c", &t.Rate, &verdict); n != 2 || err != nil {
			panic(word)
		}
		t.Verdict = map[rune]Verdict{'+': Kept, '-': Broke, '?': Unclear}[verdict]
		trials = append(trials, t)
	}
	return trials
}

// climbNext are ways that a search can go, and what comes next.
var climbNext = map[string]struct {
	trials string // rate and what came of it: + kept, - broke, ? unclear
	change func(*Climb)
	want   Move // none: the search is over
}{
	"begins": {trials: "", want: Move{Rate: 100}},
	"climbs": {trials: "100+ 200+", want: Move{Rate: 400}},
	"does not pass the bound": {trials: "100+ 200+", change: func(c *Climb) { c.Most = 333.3 },
		want: Move{Rate: 333.3}},
	"begins within the bound": {change: func(c *Climb) { c.Most = 50 }, want: Move{Rate: 50}},
	"confirms at the bound": {trials: "100+ 200+", change: func(c *Climb) { c.Most = 200 },
		want: Move{200, true}},
	"halves":                        {trials: "100+ 200+ 400-", want: Move{Rate: 283}},
	"halves below":                  {trials: "100+ 200+ 400- 283-", want: Move{Rate: 238}},
	"halves above":                  {trials: "100+ 200+ 400- 283+", want: Move{Rate: 336}},
	"a client's end is a limit too": {trials: "100+ 200+ 400?", want: Move{Rate: 283}},
	"confirms when near":            {trials: "100+ 200+ 400- 283- 238- 218+", want: Move{218, true}},
	"goes down":                     {trials: "100-", want: Move{Rate: 50}},
	"goes down in growing strides":  {trials: "100- 50-", want: Move{Rate: 12.5}},
	"halves after going down":       {trials: "100- 50- 12.5+", want: Move{Rate: 25}},
	"gives up below":                {trials: "100- 50- 12.5- 1.56- 0.1-"},
	"is done when confirmed":        {trials: "100+ 200- 141- 119- 109+ long:109+"},
	"steps down when it is not":     {trials: "100+ 200- 141- 119- 109+ long:109-", want: Move{99.1, true}},
	"and further": {trials: "100+ 200- 141- 119- 109+ long:109- long:99.1-",
		want: Move{81.9, true}},
	"is done when confirmed lower": {trials: "100+ 200- 141- 119- 109+ long:109- long:99.1+"},
	"tries again": {trials: "100+ 200-", change: func(c *Climb) { c.Tries = 2 },
		want: Move{Rate: 200}},
	"goes on when the second try is kept": {trials: "100+ 200- 200+", change: func(c *Climb) { c.Tries = 2 },
		want: Move{Rate: 400}},
	"believes the second": {trials: "100+ 200- 200?", change: func(c *Climb) { c.Tries = 2 },
		want: Move{Rate: 141}},
	"tries to confirm again": {trials: "100+ 106- 106- long:100-",
		change: func(c *Climb) { c.Tries = 2 }, want: Move{100, true}},
	"counts tries anew for each rate": {trials: "100+ 200- 200+ 400-", change: func(c *Climb) { c.Tries = 2 },
		want: Move{Rate: 400}},
	"does not halve what has no middle":    {trials: "1+ 1.01-", want: Move{1, true}},
	"confirms at once what is near enough": {trials: "100+ 109-", want: Move{100, true}},
}

func TestClimbNext(t *testing.T) {
	for name, row := range climbNext {
		c := climb()
		if row.change != nil {
			row.change(c)
		}
		got, done := c.Next(trialsOf(row.trials))
		if got != row.want || done != (row.want == Move{}) {
			t.Errorf("%s: after %q comes %+v (over: %v), want %+v", name, row.trials, got, done, row.want)
		}
	}
}

func TestClimbFind(t *testing.T) {
	for trials, want := range map[string]Finding{
		"":                               {},
		"100+ 200+":                      {},
		"100+ 105- long:100+":            {Sustained: 100, Above: 105, AboveBroke: true},
		"100+ 105? long:100+":            {Sustained: 100, Above: 105},
		"100+ 105- long:100- long:90.9+": {Sustained: 90.9, Above: 100, AboveBroke: true},
		"100+ 105- long:100? long:90.9+": {Sustained: 90.9, Above: 100},
		"100+ long:100+":                 {Sustained: 100},
		"100- 50? 12.5- 1.56- 0.1-":      {Above: 0.1, AboveBroke: true},
		"100+ 200? 141- 119+ long:119+":  {Sustained: 119, Above: 141, AboveBroke: true},
		"100+ 200- 141? 119+ long:119+":  {Sustained: 119, Above: 141},
	} {
		if got := climb().Find(trialsOf(trials)); got != want {
			t.Errorf("%s: %+v, want %+v", trials, got, want)
		}
	}
}

// search plays against a server that answers at once.
func search(c *Climb, server func(Move) Verdict) (trials []Trial, found Finding) {
	const most = 500
	for range most {
		next, done := c.Next(trials)
		if done {
			return trials, c.Find(trials)
		}
		trials = append(trials, Trial{next, server(next)})
	}
	return nil, Finding{}
}

func drawClimb(t *rapid.T) *Climb {
	return &Climb{
		From:      load.Rate(rapid.Float64Range(0.5, 50_000).Draw(t, "from")),
		Factor:    rapid.Float64Range(1.1, 4).Draw(t, "factor"),
		Tolerance: rapid.Float64Range(0.02, 0.5).Draw(t, "tolerance"),
		Tries:     rapid.IntRange(1, 3).Draw(t, "tries"),
	}
}

// A server that keeps its SLO up to a rate and breaks above it is found out within the tolerance, from wherever the
// search begins.
func TestClimbFindsTheKnee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawClimb(t)
		knee := c.From * load.Rate(rapid.Float64Range(0.2, 400).Draw(t, "knee over from"))
		reachable := c.From / load.Rate(powInt(c.Factor, descentsMax*(descentsMax+1)/2))
		_, found := search(c, func(m Move) Verdict {
			if m.Rate <= knee {
				return Kept
			}
			return Broke
		})
		if knee < reachable || knee > rateMost {
			return
		}
		const rounding = 1.006 // three digits, down and up
		if found.Sustained > knee || found.Sustained*load.Rate((1+c.Tolerance)*rounding*rounding) < knee ||
			!found.AboveBroke || found.Above <= knee {
			t.Fatalf("%+v, knee at %v: found %+v", c, knee, found)
		}
	})
}

func powInt(base float64, n int) float64 {
	product := 1.0
	for range n {
		product *= base
	}
	return product
}

// However a server answers, the search ends, and never recommends what did not pass a long step, nor anything above the
// highest rate that passed a short one.
func TestClimbEndsAndNeverRecommendsMoreThanPassed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawClimb(t)
		if rapid.Bool().Draw(t, "bounded") {
			c.Most = c.From * 20
		}
		verdicts := rapid.SampledFrom([]Verdict{Kept, Broke, Unclear})
		trials, found := search(c, func(Move) Verdict { return verdicts.Draw(t, "verdict") })
		if trials == nil {
			t.Fatalf("%+v: no end", c)
		}
		highest, confirmed := load.Rate(0), false
		for _, one := range trials {
			if one.Verdict == Kept && !one.Long {
				highest = max(highest, one.Rate)
			}
			confirmed = confirmed || one.Long && one.Verdict == Kept && one.Rate == found.Sustained
			if c.Most > 0 && one.Rate > c.Most {
				t.Fatalf("%v is above the bound %v", one.Rate, c.Most)
			}
		}
		if found.Sustained > highest || (found.Sustained > 0) != confirmed {
			t.Fatalf("%+v: found %+v of %+v", c, found, trials)
		}
	})
}

func TestClimbRefusesNonsense(t *testing.T) {
	for name, c := range map[string]Climb{
		"no rate":              {Factor: 2, Tolerance: 0.1, Tries: 1},
		"no factor":            {From: 1, Factor: 1, Tolerance: 0.1, Tries: 1},
		"no tolerance":         {From: 1, Factor: 2, Tries: 1},
		"no tries":             {From: 1, Factor: 2, Tolerance: 0.1},
		"a bound below zero":   {From: 1, Most: -1, Factor: 2, Tolerance: 0.1, Tries: 1},
		"a tolerance too wide": {From: 1, Factor: 2, Tolerance: 2, Tries: 1},
	} {
		if c.validate() == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if err := climb().validate(); err != nil {
		t.Error(err)
	}
}

func TestShort(t *testing.T) {
	for in, want := range map[load.Rate]load.Rate{0: 0, 0.123456: 0.123, 1.005: 1, 99.96: 100, 1518.75: 1520,
		123_456: 123_000} {
		if got := short(in); got != want {
			t.Errorf("%v becomes %v, not %v", in, got, want)
		}
	}
}
