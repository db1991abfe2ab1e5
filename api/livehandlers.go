package api

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors"
	"holdfast/storage"
)

// liveEngine is what this room asks of the engine.
type liveEngine interface {
	// Live is the event's map; it loads its sections when they are not.
	Live(ctx context.Context, id storage.EventID) (actors.LiveMap, error)
	Event(id storage.EventID) (*storage.Event, error)
}

// liveConfig says how documents and streams behave. No field has a default.
type liveConfig struct {
	Timeout      time.Duration // of an engine call
	WriteTimeout time.Duration // of one write to a stream's client

	StreamsMax int           // open streams
	Flush      time.Duration // least time between two flushes of one event's changes
	Checkpoint time.Duration // between two checkpoints of a section that changes
	Heartbeat  time.Duration // longest silence of a stream
	RingBytes  int           // of one event's recent past, for clients that come back
}

// liveHandlers answers who reads the map of an event. Its methods are safe for concurrent use.
type liveHandlers struct {
	engine   liveEngine
	cfg      liveConfig
	limits   *limiters
	maps     *maps
	hubs     *hubs
	stopping atomic.Bool
}

// newLiveHandlers makes the handlers and registers their metrics.
func newLiveHandlers(engine liveEngine, cfg liveConfig, limits *limiters, registry prometheus.Registerer) *liveHandlers {
	h := &liveHandlers{engine: engine, cfg: cfg, limits: limits, maps: newMaps()}
	h.hubs = newHubs(&h.cfg, newStreamMeter(registry))
	h.hubs.newest = h.newestLive
	return h
}

// stop refuses new streams from now on.
func (h *liveHandlers) stop() { h.stopping.Store(true) }

// close ends every stream and waits for the clients' goroutines, as long as ctx lasts.
func (h *liveHandlers) close(ctx context.Context) error { return h.hubs.close(ctx) }

// streamMeter counts streams.
type streamMeter struct {
	streams prometheus.Gauge
	frames  prometheus.Counter
	resyncs prometheus.Counter
}

func newStreamMeter(registry prometheus.Registerer) *streamMeter {
	m := &streamMeter{
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "holdfast_streams", Help: "Live-map streams open."}),
		frames: prometheus.NewCounter(prometheus.CounterOpts{Name: "holdfast_stream_chunks_total",
			Help: "Chunks encoded for live-map streams."}),
		resyncs: prometheus.NewCounter(prometheus.CounterOpts{Name: "holdfast_stream_resyncs_total",
			Help: "Streams that fell behind and got a new snapshot."}),
	}
	registry.MustRegister(m.streams, m.frames, m.resyncs)
	return m
}
