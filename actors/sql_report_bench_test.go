package actors

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"holdfast/actors/section"
)

// BenchmarkSQLStore is what the engine does on a SQL server beside what that server can do without it; one op is one
// round of each, in turn:
//
//	engine          holds by 512 clients on 64 sections, each durable before its answer; they lapse by themselves
//	classic/n       the same holds as conditional UPDATEs over n connections; the first n is the engine's own
//	bare, merged    the engine's own statements again, same bytes and groups, over the same lanes, nothing else
//	bare, single    the same records, one INSERT each, over as many connections as the engine has
//
// Then what the losers cost the server, and what a purchase does (hold, then confirm with a processor that answers at
// once).
func BenchmarkSQLStore(b *testing.B) {
	url := benchServer(b)
	classic := openClassic(b, url)
	s := openSQLEngine(b, url, 0, 0)
	lanes, group := s.store.Shape()
	connections := lanes + 8 // the store keeps eight besides its lanes
	pools := []int{connections, 32, 64}
	var engine, merged, single figures
	rows := make([]figures, len(pools))
	s.sell(sqlHoldTTL)
	for range b.N {
		f, groups, took := s.recordedRound()
		engine = append(engine, f)
		for i, n := range pools {
			rows[i] = append(rows[i], classic.round(b, url, n, classic.hold))
		}
		m, one := bareRounds(b, url, lanes, connections, groups)
		holds := f.rate * took.Seconds() // as if every one of the recorded ones counted
		merged = append(merged, figure{rate: holds / m.Seconds()})
		single = append(single, figure{rate: holds / one.Seconds()})
	}
	tell(
		"\n%d sections, %d clients, %d lanes of %d records; %d rounds of %v", sqlSections, sqlClients, lanes, group,
		b.N, sqlRound,
	)
	tell("engine          %v", engine)
	for i, n := range pools {
		tell("classic/%-2d      %v", n, rows[i])
	}
	tell("bare, merged    %v", merged)
	tell("bare, single    %v", single)
	rate := engine.median().rate
	b.ReportMetric(rate, "holds/s")
	b.ReportMetric(rate/rows[0].median().rate, "x-classic")
	b.ReportMetric(rate/max(rows[0].median().rate, rows[1].median().rate, rows[2].median().rate), "x-best-classic")
	b.ReportMetric(rate/merged.median().rate, "x-bare")
	b.ReportMetric(float64(engine.median().p99)/1e6, "p99-ms")
	s.report()
	s.refusals()
	s.purchases(classic, url, pools)
}

// recordedRound is a round of the engine, with what it wrote and the time in which it was written.
func (s *sqlEngine) recordedRound() (figure, []bareGroup, time.Duration) {
	s.quiet()
	s.recorder.recording.Store(true)
	start := time.Now()
	f := closedLoop(s.b, sqlClients, s.hold)
	took := time.Since(start)
	s.recorder.recording.Store(false)
	groups := s.recorder.take()
	s.quiet()
	return f, groups, took
}

// tell prints a line: a benchmark's own log is cut after ten.
func tell(format string, arguments ...any) { fmt.Printf(format+"\n", arguments...) }

func (s *sqlEngine) report() {
	stats, server := s.engine.Stats(), s.store.Stats()
	records, changes := stats.Records.Load(), stats.Changes.Load()
	tell(
		"records: %.1f changes and %.0f bytes each, %.1f a statement, %.1f ms from leaving the section to durable",
		float64(changes)/float64(records), float64(stats.Bytes.Load())/float64(records),
		float64(
			server.Records.Load(),
		)/float64(
			server.Appends.Load(),
		),
		float64(stats.CommitNanos.Load())/float64(records)/1e6,
	)
}

// refusals: every client wants seats that somebody has, durably; the server must not hear of it (P7).
func (s *sqlEngine) refusals() {
	s.b.Helper()
	s.sell(600_000)
	for i := range s.clients {
		if err := s.hold(i); err != nil {
			s.b.Fatal(err)
		}
	}
	s.quiet()
	before := s.store.Stats().Statements.Load()
	f := closedLoop(s.b, sqlClients, func(client int) error {
		s.clients[client].next = 0
		err := s.hold(client)
		var refusal *Refusal
		if errors.As(err, &refusal) && refusal.Code == section.SeatTaken {
			return nil
		}
		return fmt.Errorf("a seat that was taken: %w", err)
	})
	statements := s.store.Stats().Statements.Load() - before
	tell("refusals        %v, %d statements", figures{f}, statements)
	if statements != 0 {
		s.b.Errorf("P7: %d statements were sent for holds that were refused", statements)
	}
	s.b.ReportMetric(float64(statements), "statements-of-losers")
}

// purchases are holds and their confirmation, each of its own seats.
func (s *sqlEngine) purchases(c *classic, url string, pools []int) {
	s.b.Helper()
	var engine figures
	rows := make([]figures, len(pools))
	for range s.b.N {
		s.sell(600_000)
		engine = append(engine, closedLoop(s.b, sqlClients, s.buy))
		for i, n := range pools {
			rows[i] = append(rows[i], c.round(s.b, url, n, c.buy))
		}
	}
	tell("purchases       %v", engine)
	for i, n := range pools {
		tell("classic/%-2d      %v", n, rows[i])
	}
	s.b.ReportMetric(engine.median().rate, "purchases/s")
	s.b.ReportMetric(float64(engine.median().p99)/1e6, "purchase-p99-ms")
	s.b.ReportMetric(engine.median().rate/rows[0].median().rate, "x-classic-purchases")
}

// buy is one hold and its confirmation.
func (s *sqlEngine) buy(client int) error {
	if err := s.hold(client); err != nil {
		return err
	}
	c := &s.clients[client]
	who := s.caller()
	who.Buyer = c.call.Buyer
	return s.engine.Confirm(c.out.ID, who, "tok_ok", time.Minute, &c.out)
}

// BenchmarkSQLShape is the engine's rate by lanes and records a statement: where the store's own come from.
func BenchmarkSQLShape(b *testing.B) {
	url := benchServer(b)
	for _, shape := range []struct{ lanes, group int }{{1, 64}, {2, 64}, {3, 64}, {4, 64}, {8, 64}, {16, 64}, {2, 16}, {4, 16}, {8, 16}, {2, 32}, {4, 32}} {
		b.Run(fmt.Sprintf("lanes=%d/group=%d", shape.lanes, shape.group), func(b *testing.B) {
			s := openSQLEngine(b, url, shape.lanes, shape.group)
			s.sell(sqlHoldTTL)
			var rounds figures
			for range b.N {
				rounds = append(rounds, closedLoop(b, sqlClients, s.hold))
				s.quiet()
			}
			server := s.store.Stats()
			tell("%v", rounds)
			b.ReportMetric(rounds.median().rate, "holds/s")
			b.ReportMetric(float64(rounds.median().p99)/1e6, "p99-ms")
			b.ReportMetric(float64(server.Records.Load())/float64(server.Appends.Load()), "records/statement")
		})
	}
}
