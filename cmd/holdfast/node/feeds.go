package node

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors"
	"holdfast/actors/feed"
	"holdfast/actors/feed/mail"
	"holdfast/actors/feed/webhook"
	"holdfast/api"
	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/feeding"
	"holdfast/cmd/holdfast/mailing"
	"holdfast/storage"
)

// audience is who is told what happens.
type audience struct {
	feed  *feed.Feed       // of what becomes durable; nil: not opened yet
	hooks *webhook.Service // nil: not opened yet
	mails *mail.Service    // nil: none are sent
	sinks *feeding.Sinks   // topics and streams; nil: not opened yet
}

// openFeed begins to hear of what becomes durable. Nobody is told before openSinks.
func (n *Node) openFeed(engine *actors.Config) {
	n.feed = feed.Open(feed.Config{Store: n.store, Logger: n.log, Here: n.tellsOf})
	engine.Feed = n.feed
}

// tellsOf says that this node tells of a section.
func (n *Node) tellsOf(key storage.SectionKey) bool {
	e := n.engineOpened.Load()
	return e != nil && e.TellsOf(key)
}

// openSinks tells the operators' endpoints, lets outside keep them, and mails buyers.
func (n *Node) openSinks(ctx context.Context, c *config.Config, outside *api.Config) error {
	secret, err := n.store.Secret(ctx)
	if err != nil {
		return fmt.Errorf("reading the store's secret: %w", err)
	}
	n.hooks, err = webhook.Open(ctx, webhook.Config{Store: n.store, Feed: n.feed, Secret: secret, Logger: n.log,
		Here: n.tellsOf, Private: c.WebhooksPrivate})
	if err != nil {
		return fmt.Errorf("reading the webhooks: %w", err)
	}
	outside.Hooks, outside.Changes = n.hooks, n.feed.Reader
	n.mails, err = mailing.Open(ctx, &c.Mail, &mailing.Parts{Store: n.store, Feed: n.feed, Engine: n.engine,
		Here: n.tellsOf, Logger: n.log})
	if err != nil {
		return err
	}
	if n.mails != nil { // a nil *Service is no nil Service
		outside.Mails = n.mails
	}
	n.sinks, err = feeding.Open(c.Feed, &feeding.Parts{Store: n.store, Feed: n.feed, Node: n.name, Logger: n.log,
		Standing: n.engine.Standing})
	return err
}

// closeFeed ends all telling; what is not told is, after the next start or by another node.
func (n *Node) closeFeed() {
	if n.hooks != nil {
		n.hooks.Close()
	}
	if n.mails != nil {
		if err := n.mails.Close(); err != nil { // the server has what it took
			n.log.Debug("the mail server's connections ended with an error", "error", err)
		}
	}
	if n.feed != nil {
		n.feed.Close()
	}
	n.sinks.Close()
}

// feedCollector shows how far each sink is: which sinks there are changes while the node runs.
type feedCollector struct {
	n                             *Node
	behind, oldest, stuck, events *prometheus.Desc
	trouble, buffered, lost       *prometheus.Desc // of topics and streams
	endpoints, queued             *prometheus.Desc
	deliveries, failing           *prometheus.Desc
}

func newFeedCollector(n *Node) *feedCollector {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("holdfast_"+name, help, labels, nil)
	}
	return &feedCollector{n: n,
		behind: describe("feed_shards_behind", "Sections with records that the sink was not told yet by this node.",
			"sink"),
		oldest: describe("feed_oldest_untold_seconds", "ALARM when it grows: the age of the oldest record that the "+
			"sink was not told yet by this node; 0 without one.", "sink"),
		stuck: describe("feed_shards_stuck", "ALARM unless 0: sections whose log is damaged, or another one than the "+
			"sink was told.", "sink"),
		events: describe("feed_events_total", "Events of records that the sink is done with, those that it does not "+
			"want included.", "sink"),
		trouble: describe("feed_sink_failing", "ALARM unless 0: the topic or the streams do not take what this node "+
			"tells.", "sink"),
		buffered: describe("feed_buffered_bytes", "Bytes on their way to the sink that it has not acknowledged.",
			"sink"),
		lost: describe("feed_streams_lost_total", "ALARM when it grows: streams that were found to end before what "+
			"they had been told.", "sink"),
		endpoints: describe("webhook_endpoints", "Webhooks by whether they are told; disabled ones an operator "+
			"switched off. ALARM unless given_up is 0: those answered 410, or failed for five days.", "state"),
		queued: describe("webhook_retries_queued", "Deliveries that failed and wait at this node to be tried again."),
		deliveries: describe("webhook_deliveries_total", "Attempts of this node by result; dead are deliveries given "+
			"up after three days.", "result"),
		failing: describe("webhook_failing_seconds", "How long the webhook that has failed longest has done nothing "+
			"else at this node; 0 without one."),
	}
}

// Describe implements prometheus.Collector.
func (c *feedCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.behind, c.oldest, c.stuck, c.events, c.trouble, c.buffered, c.lost,
		c.endpoints, c.queued, c.deliveries, c.failing} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *feedCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, s := range c.n.feed.Status() {
		gauge(c.behind, float64(s.Behind), s.Name)
		gauge(c.oldest, s.Oldest.Seconds(), s.Name)
		gauge(c.stuck, float64(s.Stuck), s.Name)
		to <- prometheus.MustNewConstMetric(c.events, prometheus.CounterValue, float64(s.Events), s.Name)
		c.collectMachines(to, &s)
	}
	sum, counts := c.n.hooks.Summary(), c.n.hooks.Counts()
	gauge(c.endpoints, float64(sum.Enabled), "enabled")
	gauge(c.endpoints, float64(sum.Disabled), "disabled")
	gauge(c.endpoints, float64(sum.GivenUp), "given_up")
	gauge(c.queued, float64(sum.Queued))
	gauge(c.failing, sum.OldestFailing.Seconds())
	results := map[string]uint64{"delivered": counts.Delivered.Load(), "failed": counts.Failed.Load(),
		"dead": counts.Dead.Load()}
	for _, result := range slices.Sorted(maps.Keys(results)) {
		to <- prometheus.MustNewConstMetric(c.deliveries, prometheus.CounterValue, float64(results[result]), result)
	}
}

// collectMachines shows what topics and streams say of themselves.
func (c *feedCollector) collectMachines(to chan<- prometheus.Metric, s *feed.Status) {
	if s.Failing != nil {
		failing := 0.0
		if *s.Failing {
			failing = 1
		}
		to <- prometheus.MustNewConstMetric(c.trouble, prometheus.GaugeValue, failing, s.Name)
	}
	if s.Buffered != nil {
		to <- prometheus.MustNewConstMetric(c.buffered, prometheus.GaugeValue, float64(*s.Buffered), s.Name)
	}
	if s.Lost != nil {
		to <- prometheus.MustNewConstMetric(c.lost, prometheus.CounterValue, float64(*s.Lost), s.Name)
	}
}
