package queue

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors/gate"
	"holdfast/actors/gate/position"
	"holdfast/api/problem"
)

// meter shows the waiting rooms that this node was asked about, by their counters at the moment of the scrape: every
// node tells the same of an event, so take the max over nodes, not the sum.
type meter struct {
	h          *Handlers
	streams    *prometheus.Desc
	turnedAway map[*problem.Kind]prometheus.Counter // never changed
	etaRatio   *prometheus.HistogramVec
	rows       []row
}

// row is one number of a room.
type row struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*Frame) float64
}

// turnedAway are the kinds of "no" that waiting rooms say, and bookings without a right to book.
var turnedAway = []*problem.Kind{problem.NotAdmitted, problem.AdmissionExpired, problem.WrongEvent,
	problem.WrongBuyer, problem.TokenForged, problem.TokenOutdated, problem.NotOpenYet, problem.NotYourTurn,
	problem.QueuePaused, problem.TurnLapsed, problem.SessionEnded, problem.PlaceUnknown, problem.ProofRequired,
	problem.ProofExpired, problem.ProofWrong, problem.CodeRequired, problem.CoolingDown,
	problem.CaptchaRequired, problem.CaptchaRefused, problem.CaptchaUnavailable}

func newMeter(h *Handlers, registry prometheus.Registerer) *meter {
	m := &meter{h: h, turnedAway: map[*problem.Kind]prometheus.Counter{}}
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_queue_turned_away_total",
		Help: "Requests that a waiting room refused, and new holds without a right to them, by the problem's code."},
		[]string{"reason"})
	for _, k := range append(problem.OfCodes(), turnedAway...) {
		m.turnedAway[k] = refused.WithLabelValues(k.Code)
	}
	m.etaRatio = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "holdfast_queue_eta_error_ratio",
		Help:    "How much later a call came than had been told, as a part of that time; below 0 it came earlier.",
		Buckets: []float64{-0.5, -0.25, -0.1, 0.1, 0.25, 0.5, 1, 2}}, []string{"estimate"})
	for _, estimate := range position.Horizons {
		m.etaRatio.WithLabelValues(estimateName(estimate))
	}
	m.streams = prometheus.NewDesc("holdfast_queue_streams", "Waiting-room streams open.", nil, nil)
	m.rows = rows()
	registry.MustRegister(refused, m.etaRatio, m)
	return m
}

func rows() (all []row) {
	add := func(kind prometheus.ValueType, name, help string, read func(*Frame) float64) {
		all = append(all, row{prometheus.NewDesc("holdfast_queue_"+name, help, []string{"event"}, nil), kind, read})
	}
	const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue
	add(counter, "joined_total", "Places given.", func(f *Frame) float64 { return float64(f.Joined) })
	add(counter, "called_total", "Ranks whose turn has come, or that had gone before.",
		func(f *Frame) float64 { return float64(f.Called) })
	add(counter, "admitted_total", "People let in: those inside and those who were.",
		func(f *Frame) float64 { return float64(f.Inside + f.Finished) })
	add(counter, "left_total", "Places given up before a session.", func(f *Frame) float64 { return float64(f.Left) })
	add(counter, "lapsed_total", "Places whose turn and grace have passed.",
		func(f *Frame) float64 { return float64(f.Lapsed) })
	add(gauge, "waiting", "People who wait and have not been called.",
		func(f *Frame) float64 { return float64(f.Waiting) })
	add(gauge, "present", "People who were called and wait for a free slot.",
		func(f *Frame) float64 { return float64(f.Present) })
	add(gauge, "inside", "People inside.", func(f *Frame) float64 { return float64(f.Inside) })
	add(gauge, "slots_occupied", "Slots that are not free: people inside, and sessions whose end is not acknowledged.",
		func(f *Frame) float64 { return float64(f.Occupied) })
	add(gauge, "slots", "The cap: people inside at most.", func(f *Frame) float64 { return float64(f.Cap) })
	add(gauge, "show_ratio", "Of the called, how many come; measured and clamped.",
		func(f *Frame) float64 { return float64(f.ShowRate) / 1000 })
	add(gauge, "paused", "1 while an operator has paused the doors.", func(f *Frame) float64 { return truth(f.Paused) })
	add(gauge, "sold_out", "1 while nothing is in stock, nor may come back.",
		func(f *Frame) float64 { return truth(f.SoldOut) })
	add(gauge, "phase", "1 lobby, 2 closed and waiting for the draw's round, 3 drawn, 4 doors open.",
		func(f *Frame) float64 { return float64(f.Phase - gate.Unfounded) })
	add(gauge, "overtaken_seconds", "The longest that a join waited for its number.",
		func(f *Frame) float64 { return float64(f.Overtake) / 1000 })
	return all
}

// estimateName is an estimate as a label.
func estimateName(seconds int64) string { return strconv.FormatInt(seconds/60, 10) + "m" }

// observeETA takes an ETA that this node told and the time that it took in truth, in seconds.
func (m *meter) observeETA(estimate, was int64) {
	m.etaRatio.WithLabelValues(estimateName(estimate)).Observe(float64(was-estimate) / float64(estimate))
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// TurnedAway counts a refusal.
func (h *Handlers) TurnedAway(k *problem.Kind) {
	if counter := h.meter.turnedAway[k]; counter != nil {
		counter.Inc()
	}
}

// Describe implements prometheus.Collector.
func (m *meter) Describe(out chan<- *prometheus.Desc) {
	out <- m.streams
	for i := range m.rows {
		out <- m.rows[i].desc
	}
}

// Collect implements prometheus.Collector.
func (m *meter) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.MustNewConstMetric(m.streams, prometheus.GaugeValue, float64(m.h.streams.Open()))
	all := m.h.boards.byEvent.Load()
	if all == nil {
		return
	}
	for id := range *all {
		frame, err := m.h.engine.QueueFrame(id)
		if err != nil {
			continue // the event is gone, or the node is stopping: there is nothing to show
		}
		for i := range m.rows {
			r := &m.rows[i]
			out <- prometheus.MustNewConstMetric(r.desc, r.kind, r.read(frame), id.String())
		}
	}
}
