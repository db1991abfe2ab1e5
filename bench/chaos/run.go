package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/chaos/testbed"
	"holdfast/bench/check/history"
)

// run is one run.
type run struct {
	cfg      *Config
	finds    findings
	bed      *testbed.Bed
	events   []*buyers.Event
	schedule []step
	leftOut  []string
	start    time.Time
	elapsed  time.Duration // in which buyers shopped
	fair     *fair
	workers  []*worker
	probers  []*prober
	watchers []*watcher
	marks    []mark
	heals    []time.Duration
	looks    recorder // the last maps
}

// mark is when a step's nemeses began and ended, on the history's clock.
type mark struct {
	names      []string
	about      string
	begun, end history.Nanos
}

// Run makes a run and judges it. The error says that there was no run: a machine that lacks something, a harness that
// could not do what it must. Whatever a node did wrong is in the report. Everything that was started is gone when it
// returns, also when ctx ended meanwhile or something panicked; the folder with the nodes' logs stays if the run did
// not pass or Config.Keep says so.
func Run(ctx context.Context, cfg Config) (report *Report, err error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	r := &run{cfg: &cfg}
	a, err := testbed.Open(ctx, &testbed.Config{
		Binary: cfg.Binary, Nodes: cfg.Nodes, Loopback: cfg.Namespaces == Never, Folder: cfg.Folder,
		Environment: cfg.Environment,
		Say:         cfg.Say, Found: r.finds.add,
	})
	if err != nil {
		return nil, err
	}
	r.bed = a
	kept := false
	defer func() {
		err = errors.Join(err, a.Close())
		if !kept {
			err = errors.Join(err, a.Discard())
		}
	}()
	if err = r.prepare(ctx); err == nil {
		err = r.perform(ctx)
	}
	if err != nil && ctx.Err() != nil && !cfg.Keep { // somebody ended it: there is nothing to look into
		return nil, err
	}
	if err != nil {
		kept = true
		return nil, r.keepFor(err)
	}
	report, err = r.conclude(ctx)
	if err != nil || cfg.Keep || report.Verdict != Passed {
		kept = true
		return r.keep(report, err)
	}
	return report, nil
}

// keepFor keeps the folder of a run that came to nothing, and says where.
func (r *run) keepFor(cause error) error {
	_, err := r.keep(nil, cause)
	return err
}

// prepare opens the events, draws the schedule and makes whoever will ask.
func (r *run) prepare(ctx context.Context) (err error) {
	cfg := r.cfg
	chosen, leftOut, err := r.choose()
	if err != nil {
		return err
	}
	r.leftOut = leftOut
	for _, why := range leftOut {
		cfg.sayf("LEFT OUT %s", why)
	}
	r.schedule = newSchedule(cfg.Seed, chosen, cfg.Nodes, cfg.Duration)
	if r.events, err = r.openEvents(ctx); err != nil {
		return err
	}
	r.start = time.Now()
	r.fair = &fair{bed: r.bed, finds: &r.finds, client: testbed.NewClient()}
	r.looks = r.recorder()
	for i := range cfg.Buyers {
		r.workers = append(r.workers, r.worker(uint64(i+1)))
	}
	for h, event := range r.events {
		for s := range event.Plan.Sections {
			no := uint64(cfg.Buyers + len(r.probers) + 1)
			r.probers = append(r.probers, &prober{*r.worker(no), h, uint32(s)})
		}
	}
	for _, n := range r.bed.Regulars() {
		for range 2 {
			r.watchers = append(r.watchers, newWatcher(n, r.events[stalls], &r.finds))
		}
	}
	return nil
}

func (r *run) recorder() recorder { return recorder{start: r.start, events: r.events} }

func (r *run) worker(no uint64) *worker {
	return &worker{fair: r.fair, recorder: r.recorder(), rng: rand.New(rand.NewPCG(r.cfg.Seed, no)), no: no}
}

// finishBound is how long tasks under way at the end may take.
const finishBound = 8 * time.Second

// perform lets buyers shop through the whole schedule, and waits until it is quiet and every hold has lapsed. A panic
// ends it as an error would: what was started must be ended.
func (r *run) perform(whole context.Context) (err error) {
	ctx, fail := context.WithCancelCause(whole)
	stop := func() { fail(nil) }
	defer stop()
	finish, stopFinish := context.WithCancel(ctx)
	defer stopFinish()
	shopping, closeShop := context.WithCancel(ctx)
	defer closeShop()
	var buyers, others sync.WaitGroup
	for _, l := range r.workers {
		guarded(&buyers, fail, func() { l.shop(shopping, finish) })
	}
	for _, w := range r.watchers {
		guarded(&others, fail, func() { w.watch(ctx) })
	}
	guarded(&others, fail, func() { r.bed.Tending(ctx) })
	guarded(&others, fail, func() { r.progress(ctx) })
	err = r.play(ctx)
	r.elapsed = time.Since(r.start)
	closeShop()
	late := time.AfterFunc(finishBound, stopFinish)
	buyers.Wait()
	late.Stop()
	if err == nil {
		err = r.settle(ctx)
	}
	if whole.Err() == nil { // else err says so already
		err = errors.Join(err, context.Cause(ctx))
	}
	stop()
	others.Wait()
	return err
}

// guarded runs f beside the others. Were a panic let through, it would end the process, and what was started would be
// left to the next run's sweep.
func guarded(group *sync.WaitGroup, fail context.CancelCauseFunc, f func()) {
	group.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				fail(fmt.Errorf("chaos: panic: %v\n%s", p, debug.Stack()))
			}
		}()
		f()
	})
}

// play does the schedule.
func (r *run) play(ctx context.Context) error {
	r.heal(ctx, "the start")
	r.calmed()
	for i := range r.schedule {
		if err := wait(ctx, r.schedule[i].quiet); err != nil {
			return err
		}
		if err := r.step(ctx, i); err != nil {
			return err
		}
	}
	return wait(ctx, quietLeast)
}

// calmed notes that maps may be recorded from now on.
func (r *run) calmed() { r.fair.calm.Store(max(int64(time.Since(r.start)), 1)) }

// step does one step's nemeses and waits until all is well again.
func (r *run) step(ctx context.Context, i int) (err error) {
	s := &r.schedule[i]
	m := mark{about: s.about(r.bed)}
	r.fair.calm.Store(0)
	r.cfg.sayf("%v step %d of %d: %s, %v", time.Since(r.start).Round(time.Second), i+1, len(r.schedule), m.about,
		s.length)
	m.begun = history.Nanos(time.Since(r.start))
	begun := 0
	for _, n := range s.nemeses {
		begun++
		m.names = append(m.names, n.name())
		if err = n.begin(ctx, r.bed); err != nil {
			break
		}
	}
	if err == nil {
		err = wait(ctx, s.length)
	}
	if err = errors.Join(err, r.end(ctx, s.nemeses[:begun])); err != nil {
		return err
	}
	m.end = history.Nanos(time.Since(r.start))
	r.marks = append(r.marks, m)
	r.heal(ctx, m.about)
	r.calmed()
	return ctx.Err()
}

// end ends nemeses, all at once: one that waits for a node to leave must not keep another from giving that node its
// database back.
func (r *run) end(ctx context.Context, list []nemesis) error {
	errs := make([]error, len(list))
	var ending sync.WaitGroup
	for i, n := range list {
		ending.Go(func() { errs[i] = n.end(ctx, r.bed) })
	}
	ending.Wait()
	return errors.Join(errs...)
}

func (s *step) about(a *testbed.Bed) string {
	var parts []string
	for _, n := range s.nemeses {
		parts = append(parts, n.name()+" "+n.about(a))
	}
	return strings.Join(parts, " + ")
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("chaos: ended early: %w", context.Cause(ctx))
	}
}

// progressEvery is between two lines of progress.
const progressEvery = 5 * time.Second

func (r *run) progress(ctx context.Context) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	before := uint64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			now := r.fair.done.Load()
			r.cfg.sayf("%v  %.0f changes acknowledged a second", time.Since(r.start).Round(time.Second),
				float64(now-before)/progressEvery.Seconds())
			before = now
		}
	}
}
