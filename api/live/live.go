package live

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors"
	"holdfast/api/limit"
	"holdfast/storage"
)

// Engine is what this room asks of the engine.
type Engine interface {
	// Live is the event's map; it loads its sections when they are not.
	Live(ctx context.Context, id storage.EventID) (actors.LiveMap, error)
	Event(id storage.EventID) (*storage.Event, error)
}

// Config says how documents and streams behave. No field has a default.
type Config struct {
	Timeout      time.Duration // of an engine call
	WriteTimeout time.Duration // of one write to a stream's client

	StreamsMax int           // open streams, a waiting room's too
	Flush      time.Duration // least time between two flushes of one event's changes
	Checkpoint time.Duration // between two checkpoints of a section that changes
	Heartbeat  time.Duration // longest silence of a stream
	RingBytes  int           // of one event's recent past, for clients that come back
}

// Handlers answers who reads the map of an event. Its methods are safe for concurrent use.
type Handlers struct {
	engine   Engine
	cfg      Config
	limits   *limit.Limiters
	maps     *maps
	hubs     *hubs
	stopping atomic.Bool
}

// New makes the handlers and registers their metrics.
func New(engine Engine, cfg Config, limits *limit.Limiters, registry prometheus.Registerer) *Handlers {
	h := &Handlers{engine: engine, cfg: cfg, limits: limits, maps: newMaps()}
	h.hubs = newHubs(&h.cfg, newMeter(registry))
	h.hubs.newest = h.newestLive
	return h
}

// Stop refuses new streams from now on.
func (h *Handlers) Stop() { h.stopping.Store(true) }

// Close ends every stream and waits for its writers, as long as ctx lasts.
func (h *Handlers) Close(ctx context.Context) error { return h.hubs.close(ctx) }

// meter counts streams.
type meter struct {
	streams prometheus.Gauge
	frames  prometheus.Counter
	resyncs prometheus.Counter
}

func newMeter(registry prometheus.Registerer) *meter {
	m := &meter{
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "holdfast_streams", Help: "Live-map streams open."}),
		frames: prometheus.NewCounter(prometheus.CounterOpts{Name: "holdfast_stream_chunks_total",
			Help: "Frames encoded for live-map streams, each for all clients at one place."}),
		resyncs: prometheus.NewCounter(prometheus.CounterOpts{Name: "holdfast_stream_resyncs_total",
			Help: "Streams that fell behind and got a new snapshot."}),
	}
	registry.MustRegister(m.streams, m.frames, m.resyncs)
	return m
}
