package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// fakeSide is what a made-up side is like.
type fakeSide struct {
	name, about string
	useful      float64 // a second
	refusals    float64
	hold        float64 // its median latency, ms
	noise       float64
	void        []int // rounds
	voidWhy     string
}

var fakeSides = []fakeSide{
	{"holdfast", "one node, embedded store, fsync before every answer", 21_340, 84_100, 2.1, 0.03, nil, ""},
	{"redis-postgres", "SET NX EX as the lock, then a booking row: Redis 7.0 appendonly everysec, PostgreSQL 15 with " +
		"fsync", 1_718, 21_900, 31, 0.05, nil, ""},
	{"update", "one conditional UPDATE a hold, by primary key", 2_410, 13_200, 24, 0.05, []int{3},
		"an unexpected outcome: 12 × failed hold"},
	{"skip-locked", "SELECT … FOR UPDATE SKIP LOCKED", 2_010, 9_800, 28, 0.06, nil, ""},
	{"optimistic", "version check, up to five retries", 960, 7_300, 62, 0.08, nil, ""},
	{"mutex-map", "in memory, nothing durable: the ceiling", 48_200, 96_000, 0.9, 0.02, []int{1, 2, 3, 4, 5},
		"the client was the bottleneck: its busiest loop used 99 % of a core"},
	{"do-nothing", "reads the request, sends a recorded answer", 43_900, 0, 0.8, 0.02, nil, ""},
}

// fakeReport is a run that never was, with all that a page can show.
func fakeReport(seed uint64, rounds int, sides []fakeSide) *Report {
	lots := rand.New(rand.NewPCG(seed, 1))
	r := &Report{
		Version: FormatVersion, Scenario: "stampede", Seed: seed,
		About: "Everybody wants the front rows of 5 % of the sections in the same second: most lose, and losing " +
			"must be cheap. Arrivals are an open loop, so a server that stalls is measured through its stall.",
		Command: "bin/holdfast-bench run stampede --binary bin/holdfast --peers all --rounds 5 --duration 30s --rate " +
			"110000 --conns 512 --seed 7 --report stampede.html",
		Started: time.Date(2026, 11, 25, 10, 12, 0, 0, time.UTC),
		Machine: Machine{OS: "linux/amd64", Cores: 2, Processor: "AMD EPYC", MemoryGiB: 7.8, Versions: []Setting{
			{"Go", "go1.26.8"}, {"kernel", "6.1.0"}, {"PostgreSQL", "15.14"}, {"Redis", "7.0.15"}}},
		Settings: []Setting{{"arrivals", "110,000/s, Poisson"}, {"connections", "512"},
			{"venue", "stadium, 70,000 seats in 64 sections"}, {"patience", "10 s"}},
		Notes: []string{"Peers share the machine with their databases; so does Holdfast with its store."},
	}
	for i := range sides {
		r.Sides = append(r.Sides, sides[i].side(lots, rounds))
	}
	r.AddRatios(UsefulRate(), map[string]float64{"redis-postgres": 10})
	r.AddRatios(RefusalRate(), map[string]float64{"redis-postgres": 3})
	r.AddRatios(LatencyAt("hold", "held", 0.99), map[string]float64{"redis-postgres": 1})
	yes, no := true, false
	r.Figures = []Figure{
		{"2.4 M tickets sold in", 8.2, "minutes", "≤ 10 minutes", &yes},
		{"client over server, requests a second of one core", 1.31, "×", "≥ 1.5 ×", &no},
		{"seats sold", 2_400_000, "", "", nil},
	}
	r.Curves = fakeCurves()
	return r
}

func (f *fakeSide) side(lots *rand.Rand, rounds int) Side {
	s := Side{Name: f.name, About: f.about, Checks: []Check{
		{Name: NothingOversold, Verdict: Passed,
			Detail: "1,204,331 changes of 70,000 seats, none of two buyers at once"},
		{Name: "linearizable", Verdict: Passed, Detail: "64 sections, 3.1 M operations, 4.2 s"},
		{Name: "log against answers", Verdict: Passed, Detail: "each acknowledged change exactly once"},
	}}
	switch f.name {
	case "optimistic":
		s.Checks[1] = Check{Name: "linearizable", Verdict: NotChecked, Detail: "section 12: stopped after 60 s"}
	case "redis-postgres":
		s.Checks[0] = Check{Name: NothingOversold, Verdict: Failed, Detail: "2 seats were sold twice", Faults: []string{
			"seat A-1-7: buyer aab-jjcd confirmed at 3.204 s while aab-fgce had it until 3.911 s",
			"seat C-4-2: two tickets"}}
	}
	for n := 1; n <= rounds; n++ {
		s.Rounds = append(s.Rounds, f.round(lots, n))
	}
	return s
}

func (f *fakeSide) round(lots *rand.Rand, number int) Round {
	const length = 30 * time.Second
	luck := 1 + f.noise*lots.NormFloat64()
	useful, refusals := f.useful*luck, f.refusals*luck
	r := Round{Number: number, Elapsed: length, ServerCPU: 0.6 + 0.05*lots.Float64()}
	if slices.Contains(f.void, number) {
		r.Void = f.voidWhy
	} else {
		r.Useful = Rate{uint64(useful * 30), useful}
		r.Refusals = Rate{uint64(refusals * 30), refusals}
	}
	r.Calls = []Call{
		{"hold", []Outcome{
			{"held", uint64(useful * 0.7 * 30), fakeQuantiles(lots, f.hold*luck, 0.45)},
			{"taken", uint64(refusals * 0.9 * 30), fakeQuantiles(lots, f.hold*0.4*luck, 0.5)},
			{"sold_out", uint64(refusals * 0.1 * 30), fakeQuantiles(lots, f.hold*0.3, 0.5)}}},
		{"confirm", []Outcome{{"served", uint64(useful * 0.2 * 30), fakeQuantiles(lots, f.hold*1.6*luck, 0.5)}}},
		{"release", []Outcome{{"served", uint64(useful * 0.1 * 30), fakeQuantiles(lots, f.hold*luck, 0.4)}}},
	}
	r.Series = fakeSeries(lots, useful, refusals, f.hold)
	r.Client = Client{Processes: 2, Loops: 2, CPU: 0.31 + 0.02*lots.Float64(), BusiestLoop: 0.58 + 0.1*lots.Float64(),
		LateStarts: uint64(lots.IntN(40)),
		Queued:     uint64(lots.IntN(9000)), StartLag: Quantiles{P99: 400 * time.Microsecond}}
	return r
}

// fakeQuantiles are those of a log-normal with a heavier tail.
func fakeQuantiles(lots *rand.Rand, medianMS, sigma float64) Quantiles {
	sigma *= 1 + 0.05*lots.NormFloat64()
	at := func(part float64) time.Duration {
		z := math.Sqrt2 * math.Erfinv(2*part-1)
		tail := 1 + 3*math.Pow(part, 400)
		return time.Duration(medianMS * math.Exp(sigma*z) * tail * 1e6)
	}
	q := Quantiles{Mean: at(0.55), P50: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999), Max: at(0.999995)}
	for x := 0.0; x <= 5; x += 0.05 {
		part := 1 - math.Pow(10, -x)
		q.Curve = append(q.Curve, Quantile{part, at(max(part, 0.001))})
	}
	q.Curve = append(q.Curve, Quantile{1, q.Max})
	return q
}

func fakeSeries(lots *rand.Rand, useful, refusals, hold float64) *Series {
	s := &Series{Step: 50 * time.Millisecond, Classes: []SeriesClass{{Class: "taken"}, {Class: "held"},
		{Class: "sold_out"}, {Class: "limited"}, {Class: "served"}, {Class: "unknown"}}}
	for i := range 600 {
		t := float64(i) / 600
		swing := (1 - 0.5*math.Exp(-t*30)) * (1 + 0.08*lots.NormFloat64())
		stall := 1.0
		if i > 400 && i < 412 {
			stall = 0.15
		}
		u := useful * swing * stall * 0.05 * (1.1 - 0.2*t)
		no := refusals * swing * stall * 0.05
		for c, part := range []float64{no * (1 - 0.4*t), u * 0.7, no * 0.4 * t, no * 0.04 * (2 - stall), u * 0.3, 0} {
			s.Classes[c].Counts = append(s.Classes[c].Counts, uint64(max(0, part)))
		}
		s.Useful = append(s.Useful, uint64(max(0, u)))
		s.P50 = append(s.P50, Milliseconds(hold*0.6*(1+0.1*lots.Float64())/stall))
		s.P99 = append(s.P99, Milliseconds(hold*2.5*(1+0.5*lots.Float64())/stall))
	}
	return s
}

func fakeCurves() []Curve {
	growth := Curve{Title: "Recovery by length of history", X: Axis{"records", true},
		Y: Axis{"seconds until it serves", true}, Note: "One section, snapshots as the writer makes them."}
	for _, name := range []string{"embedded", "PostgreSQL"} {
		line := Line{Name: name}
		for x := 1000.0; x <= 10_000_000; x *= 10 {
			line.Points = append(line.Points, [2]float64{x, 0.002 * math.Pow(x/1000, 0.31) * float64(len(name)) / 8})
		}
		growth.Lines = append(growth.Lines, line)
	}
	clients := Curve{Title: "Holds a second by clients", X: Axis{"connections", true}, Y: Axis{"holds/s", false},
		Lines: []Line{{Name: "holdfast"}}}
	for x := 1.0; x <= 4096; x *= 4 {
		clients.Lines[0].Points = append(clients.Lines[0].Points, [2]float64{x, 23_000 * x / (x + 40)})
	}
	return []Curve{growth, clients}
}

// named makes sides that differ in their names only.
func named(names ...string) (sides []fakeSide) {
	for i, name := range names {
		sides = append(sides, fakeSide{name: name, about: fmt.Sprintf("side %d", i), useful: 1000, refusals: 5000,
			hold: 2, noise: 0.02})
	}
	return sides
}
