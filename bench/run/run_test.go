package run

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/bench/check/history"
	"holdfast/bench/lab"
	"holdfast/bench/lab/labtest"
	"holdfast/bench/report"
)

// small is a scenario cut down to a fraction of a second.
func small(t *testing.T, name string) Scenario {
	t.Helper()
	s, err := FindScenario(name)
	if err != nil {
		t.Fatal(err)
	}
	s.Venue, s.Events, s.HoldTTL = lab.UniformVenue(4, 4, 10), min(s.Events, 2), time.Second
	s.Load.Conns, s.Load.Duration, s.Load.Patience = 8, 150*time.Millisecond, 5*time.Second
	if s.Load.Rate > 0 {
		s.Load.Rate, s.Load.Burst = 400, 0
	}
	if name == "eras" {
		s.Load.Duration = endless
	}
	s.Sidecar = nil
	return s
}

func runSmall(t *testing.T, s Scenario, c Config) *report.Report {
	t.Helper()
	c.Scenario, c.Seed, c.Folder = s, 5, t.TempDir()
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every scenario goes through its whole life on a correct server, and nothing is found.
func TestEveryScenarioOnACorrectServer(t *testing.T) {
	for _, s := range Scenarios() {
		if s.WaitingRoom != nil { // this server has none: TestPlantedServerIsCaught plays it on a real one
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel() // most of it is waiting: for holds to lapse, for maps to settle
			var started []*labtest.MemoryServer
			r := runSmall(t, small(t, s.Name), Config{Targets: []lab.Target{labtest.MemoryTarget(t, false, &started)}})
			side := &r.Sides[0]
			if len(side.Rounds) != 1 || side.Rounds[0].Useful.Count == 0 {
				t.Fatalf("%+v", side.Rounds)
			}
			for _, c := range side.Checks {
				if c.Verdict != report.Passed {
					t.Errorf("%s: %s: %s %v", c.Name, c.Verdict, c.Detail, c.Faults)
				}
			}
			if err := r.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

// eras ends when the last seat of the last venue is paid, and not before.
func TestErasSellsEverySeat(t *testing.T) {
	var started []*labtest.MemoryServer
	r := runSmall(t, small(t, "eras"), Config{Targets: []lab.Target{labtest.MemoryTarget(t, false, &started)}})
	for _, f := range r.Figures {
		if strings.HasSuffix(f.Name, "seats paid") {
			if f.Value != 2*160 {
				t.Errorf("%v of 320 seats were paid", f.Value)
			}
			return
		}
	}
	t.Errorf("nobody counted the seats: %+v", r.Figures)
}

// forgetful is a proxy that tells one buyer in so many that a hold was granted which never reached the server.
func forgetful(t *testing.T, behind string, every uint64) string {
	t.Helper()
	var holds atomic.Uint64
	client := &fasthttp.HostClient{Addr: behind}
	return labtest.Serve(t, &fasthttp.Server{StreamRequestBody: false, CloseOnShutdown: true, IdleTimeout: time.Second,
		Handler: func(ctx *fasthttp.RequestCtx) {
			lie := bytes.HasSuffix(ctx.Path(), []byte("/bookings")) && holds.Add(1)%every == 0
			if err := client.Do(&ctx.Request, &ctx.Response); err != nil {
				ctx.SetStatusCode(502)
				return
			}
			if lie && ctx.Response.StatusCode() == 201 {
				id, _, _ := bytes.Cut(ctx.Response.Body()[len(`{"id":"`):], []byte(`"`))
				var request fasthttp.Request
				request.Header.SetMethod("DELETE")
				request.SetRequestURI("http://" + behind + "/v1/bookings/" + string(id))
				request.Header.SetBytesV("X-Buyer", ctx.Request.Header.Peek("X-Buyer"))
				if err := client.Do(&request, nil); err != nil {
					ctx.SetStatusCode(502)
				}
			}
		}})
}

// P1, P2: a server that gives a seat away twice is found out, and the report says so first.
func TestAServerThatForgetsHoldsIsFoundOut(t *testing.T) {
	var started []*labtest.MemoryServer
	honest := labtest.MemoryTarget(t, false, &started)
	broken := honest
	broken.Start = func(ctx context.Context, folder string, log io.Writer) (*lab.Running, error) {
		r, err := honest.Start(ctx, folder, log)
		if err == nil {
			r.Address = forgetful(t, r.Address, 5)
		}
		return r, err
	}
	s := small(t, "stampede")
	s.Load.Count, s.Load.Duration = 600, time.Minute // of 160 seats: enough that a seat is wanted again, however slow
	r := runSmall(t, s, Config{Targets: []lab.Target{broken}})
	first := r.Sides[0].Checks[0]
	if first.Name != report.NothingOversold || first.Verdict != report.Failed {
		t.Fatalf("a hold in five was given away again, and the verdict is %+v", first)
	}
	if !strings.Contains(r.Text(), "FAILED") && !strings.Contains(r.Text(), "failed") {
		t.Errorf("the text does not say so:\n%s", r.Text())
	}
}

func TestUncheckedIsNeverPassed(t *testing.T) {
	var started []*labtest.MemoryServer
	r := runSmall(t, small(t, "stampede"), Config{Targets: []lab.Target{labtest.MemoryTarget(t, false, &started)},
		Unchecked: true})
	if c := r.Sides[0].Checks; len(c) != 1 || c[0].Verdict != report.NotChecked {
		t.Errorf("%+v", c)
	}
}

// Two client processes do together what one does, and their histories are judged as one.
func TestSeveralClientProcesses(t *testing.T) {
	var started []*labtest.MemoryServer
	keep := t.TempDir()
	s := small(t, "steady")
	s.Load.Count = 60
	r := runSmall(t, s, Config{
		Targets: []lab.Target{labtest.MemoryTarget(t, false, &started)}, Clients: 2, Keep: keep,
		Worker: func() (string, []string) { return os.Args[0], []string{"worker"} },
	})
	round := &r.Sides[0].Rounds[0]
	if round.Client.Processes != 2 || round.Client.Loops != 2 || r.Sides[0].Checks[0].Verdict != report.Passed {
		t.Errorf("%+v, %+v", round.Client, r.Sides[0].Checks[0])
	}
	file, err := os.Open(keep + "/steady-memory.history")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	kept, err := history.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	buyers := map[uint64]bool{}
	for _, part := range kept.Parts {
		for i := range part.Ops {
			if part.Ops[i].Kind == history.Best {
				buyers[part.Ops[i].Buyer] = true
			}
		}
	}
	if len(buyers) != 60 {
		t.Errorf("%d of 60 buyers are in the history", len(buyers))
	}
}

// A server that does nothing is measured and never judged; the one in question is compared with it.
func TestNothingIsBlind(t *testing.T) {
	var started []*labtest.MemoryServer
	nothing := lab.Nothing(nil)
	nothing.Start = func(context.Context, string, io.Writer) (*lab.Running, error) {
		server, err := lab.NewCanned()
		if err != nil {
			return nil, err
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		go func() { _ = server.Serve(listener) }()
		return &lab.Running{Endpoint: lab.Endpoint{Address: listener.Addr().String()}, Stop: server.Shutdown}, nil
	}
	r := runSmall(t, small(t, "stampede"),
		Config{Targets: []lab.Target{labtest.MemoryTarget(t, false, &started), nothing}, Rounds: 2})
	if len(r.Sides) != 2 || r.Sides[1].Checks[0].Verdict != report.NotChecked ||
		r.Sides[1].Rounds[0].Refusals.Count != 0 {
		t.Errorf("%+v", r.Sides[1])
	}
	if r.Sides[0].Checks[0].Verdict != report.Passed || len(r.Ratios) == 0 {
		t.Errorf("%+v, %d ratios", r.Sides[0].Checks, len(r.Ratios))
	}
}
