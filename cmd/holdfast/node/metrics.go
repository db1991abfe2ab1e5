package node

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors"
	"holdfast/actors/checkout"
	"holdfast/cluster"
	"holdfast/storage/sqlstore"
)

func counter(name, help string, v *atomic.Int64, scale float64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "holdfast_" + name, Help: help}, func() float64 {
		return float64(v.Load()) * scale
	})
}

func gauge(name, help string, read func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_" + name, Help: help}, read)
}

// engineMetrics turns the engine's counters into what /metrics shows. holdfast_ticket_guard_violations_total and
// holdfast_fenced_total are the ones to alarm on: the first must stay 0 for ever, the second is ordinary only around a
// takeover.
func engineMetrics(e *actors.Engine, build Build) []prometheus.Collector {
	const nanosecond = 1e-9
	s := e.Stats()
	all := []prometheus.Collector{
		buildMetric(build),
		gauge("payments_open", "Payments whose outcome this node does not know yet: the processor is asked again.",
			func() float64 { n, _ := e.PaymentsWaiting(); return float64(n) }),
		gauge("payments_oldest_age_seconds", "How long the oldest of payments_open has been waiting for its outcome; "+
			"0 without one.",
			func() float64 { _, age := e.PaymentsWaiting(); return age.Seconds() }),
		counter("records_total", "Records made durable.", &s.Records, 1),
		counter("changes_total", "Changes made durable; divided by records, how many share one.", &s.Changes, 1),
		counter("record_bytes_total", "Bytes of changes made durable.", &s.Bytes, 1),
		counter("store_writes_total", "Merged writes to the store; records divided by these is the grouping factor.",
			&s.Merged, 1),
		counter("commit_seconds_total", "Time of records from leaving their section to durable, summed.",
			&s.CommitNanos, nanosecond),
		counter("section_stops_total", "Sections that stopped for another reason than a drain.", &s.SectionStops, 1),
		counter("fenced_total", "Sections stopped because another writer owns their log.", &s.Fenced, 1),
		counter("append_unknown_total", "Sendings of appends whose outcome was unknown; each was sent again.",
			&s.Unknowns, 1),
		counter("append_unavailable_total", "Sendings of appends that the store surely did not take; each was sent "+
			"again.", &s.Unavailable, 1),
		counter("ticket_guard_violations_total", "ALARM unless 0: the tickets guard stopped a double sale that the "+
			"log's fence had let through.", &s.TicketGuardViolations, 1),
		counter("log_lost_total", "ALARM unless 0: sections closed because the store lacks records that were "+
			"acknowledged.", &s.LogLost, 1),
		counter("snapshots_total", "Snapshots saved.", &s.SnapshotsSaved, 1),
		counter("overloaded_total", "Requests refused before a section's mailbox.", &s.Overloaded, 1),
		gauge("clock_doubt", "ALARM at 1: the wall clock has stepped and is not believed, so everything is refused.",
			func() float64 {
				if _, doubted := e.ClockDoubt(); doubted {
					return 1
				}
				return 0
			}),
		counter("clock_steps_total", "ALARM when it grows: how often the wall clock stepped and was not believed.",
			&s.ClockSteps, 1),
		counter("logs_ahead_total", "ALARM when it grows: sections whose log a faster clock had written; their holds "+
			"last too long.", &s.LogsAhead, 1),
		counter("timeouts_total", "Requests whose waiter gave up: their outcome was unknown to it.", &s.Timeouts, 1),
	}
	return append(append(all, sectionMetrics(e)...), moneyMetrics(e)...)
}

// moneyMetrics tell of money that is open or wrong. Of each state the series are always there.
func moneyMetrics(e *actors.Engine) []prometheus.Collector {
	s := e.Stats()
	all := []prometheus.Collector{
		counter("payment_incidents_total", "ALARM when it grows: the processor took money for an attempt that is not "+
			"the booking's, took another amount, or did not give money back; the log says which.",
			&s.PaymentIncidents, 1),
		counter("payment_disputes_total", "Payments whose buyers' banks ask for the money back.", &s.Disputes, 1),
	}
	for state, left := range map[string]checkout.Left{
		"open": checkout.Pressing, "refund_pending": checkout.Slow, "operator": checkout.Person,
	} {
		labels := prometheus.Labels{"state": state}
		all = append(all,
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_payments_pending", ConstLabels: labels,
				Help: "Bookings here with open money: paying or with a refund due (open), with a refund that the " +
					"processor has taken and not ended (refund_pending), or with one that failed for good (operator)."},
				func() float64 { return float64(e.PaymentsOpen()[left].Open) }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_payments_pending_oldest_age_seconds",
				ConstLabels: labels,
				Help:        "How long the oldest of payments_pending has been open here; 0 without one."},
				func() float64 { return e.PaymentsOpen()[left].Oldest.Seconds() }))
	}
	return all
}

// sectionMetrics count the engine's sections by what becomes of them.
func sectionMetrics(e *actors.Engine) []prometheus.Collector {
	s := e.Stats()
	all := []prometheus.Collector{
		gauge("sections_serving", "Deprecated: holdfast_sections{state=\"serving\"} says the same. Sections this "+
			"node serves.", func() float64 { return float64(s.SectionsServing.Load()) }),
		gauge("sections_unserved", "ALARM when above 0 for longer than 15 s: sections of open sales that nobody "+
			"serves as far as this node knows.",
			func() float64 { return float64(e.Unserved()) }),
		gauge("gates_serving", "Waiting rooms that this node serves.",
			func() float64 { return float64(s.GatesServing.Load()) }),
		gauge("gates_unserved", "ALARM when above 0 for longer than 15 s: waiting rooms of events on sale that nobody "+
			"serves as far as this node knows: nobody joins there, and nobody is called.",
			func() float64 { return float64(e.UnservedGates()) }),
	}
	for state := actors.Stopped; state <= actors.Condemned; state++ {
		all = append(all, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "holdfast_sections", ConstLabels: prometheus.Labels{"state": state.String()},
			Help: "Sections of the events in use by what this node does with them; stopped ones are, if all is well, " +
				"served by other nodes.",
		}, func() float64 { return float64(s.InState(state)) }))
	}
	return all
}

// sharedMetrics are those of a node on a database. holdfast_store_reachable is the one to wake somebody for: at 0
// nothing can be sold.
func sharedMetrics(s *sqlstore.Stats, h *cluster.Liveness) []prometheus.Collector {
	reachable := func() float64 {
		if s.Reachable() {
			return 1
		}
		return 0
	}
	return []prometheus.Collector{
		gauge("store_reachable", "ALARM at 0: the database does not answer, and everything is refused until it does.",
			reachable),
		gauge("store_appends_healthy", "ALARM at 0: the database has taken no record for 2 s, whatever else it "+
			"answers: nothing is sold until it does.", func() float64 {
			if s.AppendsHealthy() {
				return 1
			}
			return 0
		}),
		gauge("nodes_alive", "Nodes on this database as this one knows it, itself included.", func() float64 {
			return float64(h.Others() + 1)
		}),
		counter("store_statements_total", "Statements sent to the database, of any kind.", &s.Statements, 1),
		counter("store_appends_total", "Append statements sent; a merged one is one.", &s.Appends, 1),
		counter("store_records_total", "Records made durable; divided by appends, how many share a statement.",
			&s.Records, 1),
		counter("store_retries_total", "Statements sent again because they surely had no effect: conflicts, and reads.",
			&s.Retries, 1),
		counter("store_unknown_total", "Sendings whose outcome was unknown.", &s.Unknowns, 1),
		counter("store_unavailable_total", "Sendings that were refused or not possible.", &s.Unavailable, 1),
		counter("store_duplicates_total", "Primary keys met: a takeover, or an append that stood already.",
			&s.Duplicates, 1),
	}
}

// clusterMetrics are those of a node that shares its sections. The two to wake somebody for are sections_in_doubt and
// sections_uncertain.
func clusterMetrics(n *Node) []prometheus.Collector {
	s := n.engine.Stats()
	all := []prometheus.Collector{
		counter("forwarded_total", "Requests sent to other nodes' sections.", &s.Forwarded, 1),
		counter("sections_transferred_total", "Sections given to other nodes in good order.", &s.HandedOver, 1),
		counter("passivated_total", "Sections put to sleep: their event is not on sale, and nobody had asked for "+
			"them for long.", &s.Passivated, 1),
		counter(
			"replication_records_dropped_total",
			"Records that a slow node has to read from the log instead of being told.", &s.StreamDropped, 1,
		),
		gauge("sections_in_doubt", "ALARM: page somebody when above 0 for longer than 10 s. Sections placed on this "+
			"node that it could not claim, "+
			"and whose owner it cannot reach: nobody can buy in them here. After a crash it is above 0 for some 2 s.",
			func() float64 { return float64(s.InDoubt.Load()) }),
		gauge("sections_uncertain", "ALARM: page somebody when above 0 for longer than 10 s. Those of the sections "+
			"in doubt of which the database "+
			"does not say either whether they may be claimed: look at the database, and at the way to it.",
			func() float64 { return float64(s.Uncertain.Load()) }),
		clusterCollector{n},
	}
	if n.keys != nil {
		all = append(all, keysMetrics(n.keys)...)
	}
	return all
}

func keysMetrics(k *nodeKeys) []prometheus.Collector {
	ends := func() float64 { _, until := k.keys.Validity(); return float64(until.Unix()) }
	return []prometheus.Collector{
		gauge("cluster_certificate_expiry_timestamp_seconds",
			"When the other nodes stop believing this one's certificate, in Unix time: "+
				"make new keys before; no restart is needed.", ends),
		gauge("cluster_keys_reload_successful", "ALARM at 0: the files of the cluster's keys cannot be used; those "+
			"that were read before still count.", func() float64 {
			if k.usable() {
				return 1
			}
			return 0
		}),
	}
}

// clusterCollector tells of members and links, which come and go.
type clusterCollector struct{ node *Node }

func clusterDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("holdfast_cluster_"+name, help, labels, nil)
}

var (
	descMembers = clusterDesc("members", "Nodes in this one's view, itself included.", "state")
	descRefused = clusterDesc("refused_total", "What was turned away from the cluster's port. A few strays are "+
		"normal while nodes come and go; "+
		"the rest is sent by what is no node.", "kind")
	descFailures = clusterDesc("handshake_failures_total",
		"Handshakes, gossip and connections that failed between this node and others, or were "+
			"none of a node's: the log says from where. At rest it stands still, but for reason silent.",
		"port", "side", "reason")
	descForeign = clusterDesc(
		"foreign_nodes",
		"ALARM unless 0: nodes of the gossip that are on another database. They "+
			"are given and asked nothing.",
	)
	descNotInGossip = clusterDesc(
		"nodes_not_in_gossip",
		"ALARM unless 0: living nodes on the database that gossip does not know: "+
			"what they claim cannot be reached.",
	)
	descStandingDown = clusterDesc(
		"standing_down", "ALARM at 1: foreign nodes serve, and this node claims and serves nothing.",
	)
	descLinkUp   = clusterDesc("link_up", "1 while messages pass to and from the peer.", "peer")
	descSessions = clusterDesc("link_sessions_total", "Times that the link to the peer came up.", "peer")
	descBytes    = clusterDesc("link_bytes_total", "Bytes to and from the peer, before encryption.", "peer",
		"direction")
	descMessages = clusterDesc("link_messages_total", "Messages to and from the peer.", "peer", "direction")
	descBatches  = clusterDesc("link_batches_total",
		"Batches of messages to and from the peer; messages divided by these share one.", "peer", "direction")
	descDropped = clusterDesc("link_dropped_total",
		"Messages for the peer that were refused because its link was down or too much waited.",
		"peer")
	descOutbox = clusterDesc(
		"link_outbox_bytes", "Bytes for the peer that are queued and not yet handed to its stream.", "peer",
	)
	descRoundTrip = clusterDesc("link_round_trip_seconds", "Time to the peer and back, smoothed.", "peer")
)

// Describe is for prometheus.
func (clusterCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descMembers, descRefused, descFailures, descForeign, descNotInGossip, descStandingDown, descLinkUp, descSessions,
		descBytes, descMessages, descBatches,
		descDropped, descOutbox, descRoundTrip,
	} {
		out <- d
	}
}

// Collect is for prometheus.
func (c clusterCollector) Collect(out chan<- prometheus.Metric) {
	members := map[cluster.State]int{cluster.Joining: 0, cluster.Serving: 0, cluster.Draining: 0}
	for _, m := range c.node.cluster.View().Members() {
		members[m.State]++
	}
	for state, n := range members {
		out <- prometheus.MustNewConstMetric(descMembers, prometheus.GaugeValue, float64(n), state.String())
	}
	refused := c.node.cluster.Refused()
	for kind, n := range map[string]uint64{"stray": refused.Strays, "malformed": refused.Malformed,
		"stream": refused.Streams} {
		out <- prometheus.MustNewConstMetric(descRefused, prometheus.CounterValue, float64(n), kind)
	}
	for kind, n := range c.node.cluster.Refusals() {
		out <- prometheus.MustNewConstMetric(descFailures, prometheus.CounterValue, float64(n), kind.Port, kind.Side,
			kind.Reason)
	}
	identities, standingDown := c.node.cluster.Identities(), 0.0
	if identities.StandDown != "" {
		standingDown = 1
	}
	out <- prometheus.MustNewConstMetric(descForeign, prometheus.GaugeValue, float64(len(identities.Foreign)))
	out <- prometheus.MustNewConstMetric(descNotInGossip, prometheus.GaugeValue, float64(len(identities.NotInGossip)))
	out <- prometheus.MustNewConstMetric(descStandingDown, prometheus.GaugeValue, standingDown)
	for peer, s := range onePerName(c.node.cluster.Stats()) {
		collectLink(out, peer, &s)
	}
}

// onePerName keeps, of several starts of one node that are in the view for a moment, the one that is reached: a name
// twice would be no answer at all.
func onePerName(all []cluster.PeerStats) map[string]cluster.PeerStats {
	links := make(map[string]cluster.PeerStats, len(all))
	for _, s := range all {
		if old, twice := links[s.Name]; !twice || !old.Up {
			links[s.Name] = s
		}
	}
	return links
}

func collectLink(out chan<- prometheus.Metric, peer string, s *cluster.PeerStats) {
	up := 0.0
	if s.Up {
		up = 1
	}
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, v, append([]string{peer}, labels...)...)
	}
	tell(descLinkUp, prometheus.GaugeValue, up)
	tell(descSessions, prometheus.CounterValue, float64(s.Sessions))
	tell(descBytes, prometheus.CounterValue, float64(s.BytesSent), "sent")
	tell(descBytes, prometheus.CounterValue, float64(s.BytesReceived), "received")
	tell(descMessages, prometheus.CounterValue, float64(s.MessagesSent), "sent")
	tell(descMessages, prometheus.CounterValue, float64(s.MessagesReceived), "received")
	tell(descBatches, prometheus.CounterValue, float64(s.BatchesSent), "sent")
	tell(descBatches, prometheus.CounterValue, float64(s.BatchesReceived), "received")
	tell(descDropped, prometheus.CounterValue, float64(s.Dropped))
	tell(descOutbox, prometheus.GaugeValue, float64(s.OutboxBytes))
	tell(descRoundTrip, prometheus.GaugeValue, s.RoundTrip.Seconds())
}
