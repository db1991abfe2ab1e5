package entry

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/api/proofofwork"
	"holdfast/storage"
)

// calmMillis is for how long joins must be few before a proof gets easier.
const calmMillis = 30_000

// rushesMax bounds the events whose joins are counted; those of a sale are few. A full table begins anew: every
// difficulty is then the lowest for a second.
const rushesMax = 1024

// rushes counts the joins of each event that asks for proofs, second by second, and follows with the difficulty.
type rushes struct {
	mu      sync.Mutex
	byEvent map[storage.EventID]*rush
}

// rush is one event's.
type rush struct {
	ladder proofofwork.Ladder
	rung   proofofwork.Rung
	second int64  // Unix seconds that joins are of
	joins  uint32 // in that second
}

func ladderOf(w *storage.ProofOfWork) proofofwork.Ladder {
	return proofofwork.Ladder{Base: w.Number, Max: w.RushNumber, Up: w.JoinsPerSecond, Down: w.JoinsPerSecond / 2,
		Calm: calmMillis}
}

// at is the event's rush, stepped to now (Unix milliseconds). The caller holds mu.
func (r *rushes) at(id storage.EventID, w *storage.ProofOfWork, now int64) *rush {
	of := r.byEvent[id]
	if of == nil {
		if len(r.byEvent) >= rushesMax || r.byEvent == nil {
			r.byEvent = map[storage.EventID]*rush{}
		}
		of = &rush{ladder: ladderOf(w), second: now / 1000}
		r.byEvent[id] = of
	}
	of.step(now / 1000)
	return of
}

// step ends every second before the one that now is in.
func (r *rush) step(now int64) {
	if now <= r.second {
		return // a clock that went back: what is counted goes on
	}
	r.rung = r.ladder.Step(r.rung, (r.second+1)*1000, r.joins)
	for second := r.second + 2; second <= now && r.rung != (proofofwork.Rung{}); second++ {
		r.rung = r.ladder.Step(r.rung, second*1000, 0)
	}
	r.second, r.joins = now, 0
}

// number is the difficulty of a puzzle that is issued now.
func (r *rushes) number(id storage.EventID, w *storage.ProofOfWork, now int64) uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.at(id, w, now)
	return of.ladder.MaxNumber(of.rung)
}

func (r *rushes) joined(id storage.EventID, w *storage.ProofOfWork, now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at(id, w, now).joins++
}

var difficulty = prometheus.NewDesc("holdfast_queue_proof_max_number",
	"The difficulty of proofs of work that are issued on this node: twice the hashes that one takes in the mean.",
	[]string{"event"}, nil)

// Describe implements prometheus.Collector.
func (r *rushes) Describe(out chan<- *prometheus.Desc) { out <- difficulty }

// Collect implements prometheus.Collector.
func (r *rushes) Collect(out chan<- prometheus.Metric) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, of := range r.byEvent {
		out <- prometheus.MustNewConstMetric(difficulty, prometheus.GaugeValue,
			float64(of.ladder.MaxNumber(of.rung)), id.String())
	}
}
