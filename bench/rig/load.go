package rig

import (
	"context"
	"errors"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/load"
)

// requestNo numbers the requests of one load, from 0.
type requestNo = load.RequestNo

// requestLoad is one stream of single requests against one address: the simplest script there is.
type requestLoad struct {
	Address string // host:port
	// Conns is how many connections carry it, one request at a time each. In an open loop it is also the most that can
	// be under way at once: too few, and starts are late (which is counted, and part of the latency).
	Conns int
	// Request appends request n, complete from its first line to its body. Called from several goroutines.
	Request func(dst []byte, n requestNo) []byte
	// Seen, if set, gets each answer; body is valid only during the call. Called from several goroutines; it must not
	// block.
	Seen func(n requestNo, status int, body []byte)
	// First is the number of the first request, so that several loads can go through one event.
	First requestNo
	// Pace makes an open loop. Nil is a closed loop: each connection sends as soon as it has its answer.
	Pace *load.Pace
	// Count and Duration end the load, whichever comes first; one of them is needed.
	Count    uint64
	Duration time.Duration
	// Patience is how long after the end answers are waited for; the rest is Unknown. Zero: 10 s.
	Patience time.Duration
}

const patienceDefault = 10 * time.Second

// Result is what a load did.
type Result struct {
	Outcomes  load.Outcomes `json:"outcomes"`
	Elapsed   time.Duration `json:"elapsed_ns"`
	PerSecond load.Rate     `json:"per_second"` // answers of every class
	// Latency counts from the intended start (open loop) or from the sending (closed loop) to the last byte.
	Latency load.Quantiles `json:"latency"`
	// StartLag is how late requests began; open loop only. LateStarts began more than load.LateAfter late; they were
	// sent all the same.
	StartLag   load.Quantiles `json:"start_lag"`
	LateStarts uint64         `json:"late_starts"`
	// Unstarted were due and could not be sent before the patience ended.
	Unstarted uint64 `json:"unstarted"`
	// ClientCPU and ServerCPU are shares of the whole machine (1: all cores busy). ServerCPU is zero when it is not
	// ours to see.
	ClientCPU float64 `json:"client_cpu"`
	ServerCPU float64 `json:"server_cpu"`
	// Last is one more than the highest request number used.
	Last requestNo `json:"last"`
}

// run sends the load and waits for its answers. An error means that connections could not be made. ctx ends it early.
func (l *requestLoad) run(ctx context.Context) (Result, error) {
	if l.Request == nil {
		return Result{}, errors.New("rig: a load needs requests")
	}
	r, err := load.Run(ctx, load.Config{
		Addresses: []string{l.Address}, Conns: l.Conns, Script: func(int) load.Script { return singles{l} },
		Kinds: []string{"request"},
		First: uint64(l.First), Pace: l.Pace, Count: l.Count, Duration: l.Duration, Patience: l.Patience,
	})
	if err != nil {
		return Result{}, err
	}
	outcomes := r.Outcomes()
	return Result{
		Outcomes: outcomes, Elapsed: r.Elapsed, PerSecond: load.Rate(float64(outcomes.Total()) / r.Elapsed.Seconds()),
		Latency: r.Latency().Quantiles(), StartLag: r.StartLag.Quantiles(), LateStarts: r.LateStarts + r.Queued,
		Unstarted: r.Unstarted,
		ClientCPU: lab.Share(r.CPU, r.Elapsed), Last: requestNo(r.Last),
	}, nil
}

// singles is the script of a Load: everybody asks once.
type singles struct{ *requestLoad }

func (s singles) Arrive(t *load.Turn) bool {
	t.Request = s.Request(t.Request, requestNo(t.Buyer))
	return true
}

func (s singles) Answered(t *load.Turn) (load.Outcome, bool) {
	if t.Lost {
		return load.Unknown, false // the bytes may have arrived
	}
	if s.Seen != nil {
		s.Seen(requestNo(t.Buyer), t.Answer.Status, t.Answer.Body)
	}
	return load.Classify(t.Answer.Status, t.Answer.Body), false
}
