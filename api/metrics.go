package api

import (
	"bytes"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"holdfast/api/call"
	"holdfast/api/meter"
	"holdfast/api/problem"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// meters counts requests. The hot path touches only counters resolved beforehand: no label look-ups.
type meters struct {
	registry *prometheus.Registry
	requests *meter.Requests
	limited  map[string]prometheus.Counter // by limit; never changed after newMeters
	epoch    time.Time
}

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
		requests: meter.New(),
		epoch:    time.Now(),
	}
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_rate_limited_total",
		Help: "Requests refused with 429, by the limit that they met."}, []string{"limit"})
	m.limited = map[string]prometheus.Counter{}
	for _, k := range problem.Kinds() {
		if k.Status == http.StatusTooManyRequests {
			m.limited[k.Limit] = refused.WithLabelValues(k.Limit)
		}
	}
	m.registry.MustRegister(m.requests, refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// begin reads the monotonic clock only: half the price of time.Now.
func (m *meters) begin() time.Duration { return time.Since(m.epoch) }

// end counts a request that began at start.
func (m *meters) end(route *meter.Route, status int, start time.Duration) {
	route.Count(status, time.Since(m.epoch)-start)
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
