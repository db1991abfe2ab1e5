package api

import (
	"bytes"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"holdfast/api/call"
	"holdfast/api/problem"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// meters counts requests. The hot path touches only counters resolved beforehand: no label look-ups.
type meters struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	limited  map[string]prometheus.Counter // by limit; never changed after newMeters
	epoch    time.Time
}

// routeMeter is one route's counters, by status.
type routeMeter struct {
	requests *prometheus.CounterVec
	latency  prometheus.Observer
	byStatus [500]atomic.Pointer[prometheus.Counter] // at status-100; made at first use
}

// durationBuckets are round, so that an objective ("99 % within 100 ms") can be cut from them; the small ones are for
// refusals, which take some 50 µs.
var durationBuckets = []float64{50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1,
	0.25, 0.5, 1, 2.5, 5, 10}

// oldNames are names of earlier builds, kept for one version so that dashboards can be moved: shown beside the new ones
// with the same samples, and counted once.
var oldNames = map[string]string{
	"holdfast_http_request_duration_seconds":                "holdfast_http_request_seconds",
	"holdfast_cluster_certificate_expiry_timestamp_seconds": "holdfast_cluster_certificate_expires_seconds",
	"holdfast_cluster_foreign_nodes":                        "holdfast_cluster_strangers",
	"holdfast_cluster_nodes_not_in_gossip":                  "holdfast_cluster_unmet",
	"holdfast_cluster_standing_down":                        "holdfast_cluster_yields",
	"holdfast_replication_records_dropped_total":            "holdfast_stream_dropped_total",
	"holdfast_sections_transferred_total":                   "holdfast_handed_over_total",
	"holdfast_ticket_guard_violations_total":                "holdfast_ticket_guard_met_total",
}

func withOldNames(families []*dto.MetricFamily) []*dto.MetricFamily {
	for _, family := range families {
		if old, renamed := oldNames[family.GetName()]; renamed {
			help := "Deprecated, gone in the next version: use " + family.GetName() + "."
			families = append(families, &dto.MetricFamily{Name: &old, Help: &help,
				Type: family.Type, Metric: family.Metric})
		}
	}
	return families
}

func newMeters() *meters {
	m := &meters{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_http_requests_total",
			Help: "Requests answered."}, []string{"method", "route", "status"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "holdfast_http_request_duration_seconds",
			Help: "From the request being read to its answer being ready.", Buckets: durationBuckets},
			[]string{"method", "route"}),
		epoch: time.Now(),
	}
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_rate_limited_total",
		Help: "Requests refused with 429, by the limit that they met."}, []string{"limit"})
	m.limited = map[string]prometheus.Counter{}
	for _, k := range problem.Kinds() {
		if k.Status == http.StatusTooManyRequests {
			m.limited[k.Limit] = refused.WithLabelValues(k.Limit)
		}
	}
	m.registry.MustRegister(m.requests, m.latency, refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *meters) route(method, path string) *routeMeter {
	labels := prometheus.Labels{"method": method, "route": path}
	return &routeMeter{requests: m.requests.MustCurryWith(labels), latency: m.latency.With(labels)}
}

// begin reads the monotonic clock only: half the price of time.Now.
func (m *meters) begin() time.Duration { return time.Since(m.epoch) }

func (m *meters) end(route *routeMeter, status int, start time.Duration) {
	route.count(status)
	route.latency.Observe((time.Since(m.epoch) - start).Seconds())
}

func (r *routeMeter) count(status int) {
	slot := &r.byStatus[min(max(status-100, 0), len(r.byStatus)-1)]
	counter := slot.Load()
	if counter == nil {
		made := r.requests.WithLabelValues(strconv.Itoa(status))
		counter = &made
		slot.Store(counter) // a race stores the same counter twice
	}
	(*counter).Inc()
}

// Registry is where the rest of the process may register its own metrics; GET /metrics shows them all.
func (s *Server) Registry() *prometheus.Registry { return s.meters.registry }

func (s *Server) metricsPage(r *call.Call) error {
	families, err := s.meters.registry.Gather()
	if err != nil {
		return err
	}
	var page bytes.Buffer
	for _, family := range withOldNames(families) {
		if _, err := expfmt.MetricFamilyToText(&page, family); err != nil {
			return err
		}
	}
	r.Ctx.Response.Header.SetContentType("text/plain; version=0.0.4; charset=utf-8")
	r.Ctx.Response.AppendBody(page.Bytes())
	return nil
}
