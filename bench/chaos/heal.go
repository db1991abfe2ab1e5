package chaos

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"holdfast/bench/chaos/testbed"
	"holdfast/bench/check/history"
)

// prober asks for one section, again and again, until somebody serves it. What it asks is a request like any other: its
// answers are judged too.
type prober struct {
	worker
	event   int
	section uint32
}

// serves returns once the section granted something or said for certain that nothing is left.
func (p *prober) serves(ctx context.Context) error {
	id := p.events[p.event].Plan.Sections[p.section].ID
	last := ""
	for ctx.Err() == nil {
		buyer := p.newBuyer()
		e := &task{kind: history.Best, event: p.event, section: p.section, quantity: 1, of: history.NoOp, buyer: buyer,
			key: p.newKey(buyer)}
		e.call = testbed.Call{Method: http.MethodPost, Path: "/v1/events/" + p.events[p.event].ID + "/bookings",
			Buyer: buyerName(buyer), Key: keyName(e.key)}
		e.call.Body = []byte(`{"best_available":{"quantity":1,"section":"` + id + `"}}`)
		h, op := p.see(ctx, e)
		if h.verdict == history.Done {
			p.act(ctx, &held{buyer: buyer, event: p.event, op: op, id: h.booking.ID}, history.Release, "")
		}
		if h.verdict == history.Done || h.verdict == history.NoneLeft {
			return nil
		}
		last = fmt.Sprintf("%v %s", h.verdict, h.code)
	}
	return fmt.Errorf("section %s of the %s is served by nobody: %s", id, eventNames[p.event], last)
}

var eventNames = [eventCount]string{stalls: "stalls", returns: "house of returns"}

// healed waits until every section is served and every node ready, at most HealBound. It gives how long that took, and
// what was not there in time.
func (r *run) healed(ctx context.Context) (took time.Duration, missing []string) {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, HealBound)
	defer cancel()
	var looks sync.WaitGroup
	var mu sync.Mutex
	note := func(err error) {
		if err != nil {
			mu.Lock()
			missing = append(missing, err.Error())
			mu.Unlock()
		}
	}
	for _, p := range r.probers {
		looks.Go(func() { note(p.serves(ctx)) })
	}
	looks.Go(func() {
		if err := r.bed.AwaitReady(ctx); err != nil {
			note(fmt.Errorf("not every node is ready: %w", err))
		}
	})
	looks.Wait()
	return time.Since(begun), missing
}

// heal is healed with a verdict. A run that is being ended proves nothing about healing.
func (r *run) heal(ctx context.Context, after string) {
	took, missing := r.healed(ctx)
	if ctx.Err() != nil {
		return
	}
	r.heals = append(r.heals, took)
	for _, m := range missing {
		r.finds.add(checkHeal, fmt.Sprintf("%v after %s had ended: %s", HealBound, after, m))
	}
	if len(missing) > 0 {
		r.evidence(ctx, len(r.heals))
		r.cfg.sayf("  NOT HEALED after %v: %s", took.Round(time.Millisecond), missing[0])
		return
	}
	r.cfg.sayf("  healed %v after the end", took.Round(time.Millisecond))
}
