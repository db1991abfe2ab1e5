package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/chaos/testbed"
	"holdfast/bench/check"
	"holdfast/bench/check/history"
	"holdfast/bench/lab"
)

// The checks that are made here; those of bench/check come before them.
const (
	checkReads = "reads" // a booking that is asked for is at least what was acknowledged of it (P2)
	checkMaps  = "maps"  // streams prove themselves, and in the end every map is what the log ends with (P9)
	// nothing was acknowledged out of an epoch that was over before the question (P1, P3)
	checkEpochs  = "epochs"
	checkRefunds = "refunds"        // what was refunded is what the log says (P2, P6)
	checkHeal    = "healing"        // every section is served and every node ready within HealBound of a nemesis' end
	checkNodes   = "nodes"          // nobody ended unasked, left in disorder, or refused a drain
	checkViews   = "views"          // in the end all nodes name the same owner of each section
	checkAudit   = "holdfast audit" // the server's own verifier finds nothing
)

// slack is how far a server's clock may be from the history's.
func (r *run) slack() history.Nanos {
	slack := 10 * time.Millisecond // told in whole milliseconds, on one machine
	for i := range r.schedule {
		for _, n := range r.schedule[i].nemeses {
			if c, ok := n.(clock); ok && !c.wild() {
				slack = max(slack, c.by.Abs()+10*time.Millisecond)
			}
		}
	}
	return history.Nanos(slack)
}

func (r *run) recorders() (list []*recorder) {
	for _, l := range r.workers {
		list = append(list, &l.recorder)
	}
	for _, p := range r.probers {
		list = append(list, &p.recorder)
	}
	return append(list, &r.looks)
}

func (r *run) history(recorders []*recorder) *history.History {
	h := &history.History{Header: history.Header{
		Server: "holdfast", Scenario: "chaos", Seed: r.cfg.Seed, Command: r.cfg.Command,
		StartUnixNano: r.start.UnixNano(),
		ClockSlack:    r.slack(), BuyerPrefix: buyerPrefix, KeyPrefix: keyPrefix,
	}}
	for _, event := range r.events {
		h.Header.Events = append(h.Header.Events, history.Event{ID: event.ID, Sections: event.Plan.Sizes()})
	}
	for _, one := range recorders {
		h.Parts = append(h.Parts, &one.part)
	}
	return h
}

// settleBound is how long the maps may take, once all is quiet, to be what the log ends with.
const settleBound = 10 * time.Second

// expiryLag is what a hold may outlive its end by (P4 says a tenth at the 99th percentile).
const expiryLag = 500 * time.Millisecond

// settle waits until every hold has lapsed, and for every map to show what the log ends with. Then it records the last
// maps. Whatever is not so in time is a finding.
func (r *run) settle(ctx context.Context) error {
	r.cfg.sayf("%v  the doors are closed; waiting for the last holds to lapse", time.Since(r.start).Round(time.Second))
	if err := wait(ctx, holdTTL+time.Duration(r.slack())+expiryLag); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleBound)
	defer cancel()
	wrong := testbed.Until(ctx, func(ctx context.Context) error {
		changes, err := r.readLog(ctx)
		if err != nil {
			return err
		}
		return r.mapsAre(ctx, truth(changes, r.events[stalls]))
	})
	if wrong != nil {
		r.finds.add(checkMaps, fmt.Sprintf("%v after the last hold had lapsed: %v", settleBound, wrong))
	}
	r.lastLooks(context.WithoutCancel(ctx))
	r.compareViews(context.WithoutCancel(ctx))
	return nil
}

// mapsAre holds every node's map and every watcher's against the log.
func (r *run) mapsAre(ctx context.Context, want map[string][]byte) error {
	for _, n := range r.serving(ctx) {
		live, err := r.mapOf(ctx, n)
		if err != nil {
			return err
		}
		for _, s := range live.Sections {
			if s.Status != string(want[s.ID]) {
				return fmt.Errorf("the map of %s, section %s, shows %s", n.Name, s.ID,
					unlike([]byte(s.Status), want[s.ID]))
			}
		}
		for _, w := range r.watchers {
			if w.node != n {
				continue
			}
			if wrong := w.differs(want); wrong != "" {
				return fmt.Errorf("a watcher of %s: %s", n.Name, wrong)
			}
		}
	}
	return nil
}

// serving are the nodes that must show the truth: all that run, or, where they stand by for each other, the one that
// sells.
func (r *run) serving(ctx context.Context) (list []*testbed.Node) {
	for _, n := range r.bed.Regulars() {
		if r.bed.Clustered || testbed.Says(ctx, n, "/readyz") == nil {
			list = append(list, n)
		}
	}
	return list
}

func (r *run) mapOf(ctx context.Context, n *testbed.Node) (*wire.Availability, error) {
	said, err := testbed.Fetch(ctx, n, "/v1/events/"+r.events[stalls].ID+"/availability")
	if err != nil {
		return nil, err
	}
	var live wire.Availability
	return &live, json.Unmarshal(said, &live)
}

// lastLooks records each node's map, so that the checker holds it against the log as well.
func (r *run) lastLooks(ctx context.Context) {
	for _, n := range r.serving(ctx) {
		begun := time.Now()
		live, err := r.mapOf(ctx, n)
		if err == nil {
			err = r.looks.look(stalls, live, begun, time.Now())
		}
		if err != nil {
			r.finds.add(checkMaps, fmt.Sprintf("the last map of %s: %v", n.Name, err))
		}
	}
}

// clusterView is what is looked at of GET /v1/cluster.
type clusterView struct {
	Sections []struct {
		Event, Section, Owner string
		Epoch                 uint64
	} `json:"sections"`
}

// compareViews: all nodes name one owner of each section, once all is quiet.
func (r *run) compareViews(ctx context.Context) {
	if !r.bed.Clustered {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, HealBound)
	defer cancel()
	if wrong := testbed.Until(ctx, r.oneView); wrong != nil {
		r.evidence(context.WithoutCancel(ctx), len(r.heals))
		r.finds.add(checkViews, fmt.Sprintf("%v after all was quiet: %v", HealBound, wrong))
	}
}

func (r *run) oneView(ctx context.Context) error {
	type word struct{ owner, by string }
	owners := map[sectionName]word{}
	for _, n := range r.bed.Regulars() {
		a := testbed.Ask(ctx, testbed.Asides, n, &testbed.Call{Method: "GET", Path: "/v1/cluster"})
		var v clusterView
		if err := json.Unmarshal(a.Body, &v); err != nil || a.Status != 200 {
			return fmt.Errorf("%s /v1/cluster: %d %.200s", n.Name, a.Status, a.Body)
		}
		for _, s := range v.Sections {
			name := sectionName{s.Event, s.Section}
			if other, known := owners[name]; known && other.owner != s.Owner {
				return fmt.Errorf("section %s is owned by %q for %s, and by %q for %s", s.Section, s.Owner, n.Name,
					other.owner, other.by)
			}
			owners[name] = word{s.Owner, n.Name}
		}
	}
	return nil
}

// searchBudget bounds the search for orders. What is left then is not checked, and said so.
const searchBudget = 90 * time.Second

// lookLag is how old a map may be that was read while it was calm.
const lookLag = 2 * time.Second

// conclude stops the nodes in good order, reads the log, and judges.
func (r *run) conclude(ctx context.Context) (*Report, error) {
	r.cfg.sayf("stopping the nodes")
	r.bed.StopNodes()
	changes, err := r.readLog(ctx)
	if err != nil {
		return nil, err
	}
	r.cfg.sayf("checking %d changes in the log", len(changes))
	recorders := r.recorders()
	changes = plainly(changes, recorders)
	report := r.newReport(recorders)
	t := retell(recorders, changes, &r.finds)
	looked, takenOver := checkSuperseded(changes, recorders, r.start.UnixNano(), r.slack(), &r.finds)
	report.Figures.Takeovers, report.Figures.Traced, report.Figures.Refunded = takenOver, looked, len(t.given)
	report.Figures.Settled, report.Figures.Open = settleUnknown(recorders, changes, t)
	h := r.history(recorders)
	result := check.Run(ctx, h, check.Options{
		Budget: searchBudget, LookLag: lookLag, Log: func() (io.ReadCloser, error) { return t.log(changes), nil },
	})
	report.take(&result)
	report.takeFindings(&r.finds)
	report.Checks = append(report.Checks, r.audit(ctx))
	report.decide()
	if report.Verdict != Passed || r.cfg.Keep {
		err = writeHistory(filepath.Join(r.bed.Folder, "answers.history"), h)
	}
	return report, errors.Join(err, ctx.Err())
}

func writeHistory(path string, h *history.History) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	return errors.Join(h.Write(file), file.Close())
}

// audit lets the server's own verifier look at the database.
func (r *run) audit(ctx context.Context) Check {
	r.cfg.sayf("auditing")
	clean, said, err := lab.Audit(ctx, r.cfg.Binary, "--store", r.bed.Database.Near)
	lines := strings.Split(strings.TrimSpace(said), "\n")
	c := Check{Name: checkAudit, Verdict: Passed, Detail: lines[len(lines)-1]}
	switch {
	case err != nil:
		c.Verdict, c.Detail = NotChecked, err.Error()
	case !clean:
		c.Verdict, c.Count = Failed, 1
		c.Faults = slices.Clone(lines[:min(len(lines), findingsShown)])
	}
	return c
}
