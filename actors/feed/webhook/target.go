package webhook

import (
	"container/heap"
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/feed"
	"holdfast/actors/section"
	"holdfast/storage"
)

// The rule of what is told again; see doc.go.
const (
	failingAfter = 3 // failures in a row
	pauseFirst   = time.Second
	pauseMost    = time.Minute
	RetryFor     = 3 * 24 * time.Hour // from the first attempt
	DisableAfter = 5 * 24 * time.Hour // of nothing but failures; longer than one delivery is tried
	retriesMax   = 10_000             // an endpoint, on one node
	tellFor      = time.Second        // of one telling, after which the cursor moves
	shardsAtOnce = 8
	logPerSecond = 100 // deliveries at the first attempt that an endpoint's log has
)

var retryPauses = [...]time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute,
	30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour}

func retryPause(attempts uint16) time.Duration {
	return feed.Jittered(retryPauses[min(max(int(attempts), 1), len(retryPauses))-1])
}

// target is an endpoint that is told by this node. It is the feed's sink.
type target struct {
	service *Service
	client  *http.Client
	ctx     context.Context
	stop    context.CancelFunc
	wake    chan struct{} // the queue has changed
	listed  atomic.Bool   // deliveries were listed since they were pruned

	mu       sync.Mutex
	endpoint Endpoint  // replaced whole
	failures int       // in a row
	since    time.Time // since when there were but failures; zero: it is not failing
	over     bool      // and that was for too long
	pause    time.Duration
	next     time.Time // while it is failing: before then nothing is tried
	queue    retries
	queued   map[feed.Ref]struct{}
	items    []storage.FeedItem // of retries; made durable by the service
	logged   int                // in this second
	second   int64
}

func newTarget(s *Service, e *Endpoint) *target {
	t := &target{service: s, client: s.client, endpoint: *e, wake: make(chan struct{}, 1),
		queued: map[feed.Ref]struct{}{}}
	t.ctx, t.stop = context.WithCancel(s.ctx)
	return t
}

func (t *target) now() Endpoint {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.endpoint
}

// Name implements feed.Sink, as all of these do.
func (t *target) Name() string { return sinkName(t.now().ID) }

// Since is from when on the endpoint is result.
func (t *target) Since() section.Instant { return t.now().Since }

// Parallel is how many shards are told at once.
func (t *target) Parallel() int { return shardsAtOnce }

// Moved has the queue read again: other nodes' parts of it may be this one's now.
func (t *target) Moved() { t.service.Moved() }

// Tell makes first attempts, one after the other. One that fails is put into the queue, and the next follows.
func (t *target) Tell(ctx context.Context, telling *feed.Telling) (result feed.Result) {
	began := time.Now()
	for i := range telling.Events {
		event := &telling.Events[i]
		e := t.now()
		if !e.Wants(telling.Shard.Event, event.Type) {
			result.Done++
			continue
		}
		if e.Disabled != "" || time.Since(began) > tellFor {
			return result
		}
		if wait := t.gate(); wait > 0 {
			result.Pause = wait
			return result
		}
		if t.full() {
			result.Pause = pauseMost
			return result
		}
		d := Delivery{Endpoint: e.ID, Ref: telling.Refs[i], FirstAt: t.service.instant()}
		outcome := send(ctx, t.client, e.URL, t.service.secrets(&e), event, time.Now())
		if outcome.ended {
			return result
		}
		result.Done++
		result.Items = append(result.Items, t.judge(&d, outcome)...)
		if outcome.Code == http.StatusGone {
			t.service.disable(ctx, e.ID, Gone)
			return result
		}
	}
	return result
}

// judge counts an attempt, and answers the items that say what became of the delivery.
func (t *target) judge(d *Delivery, o Outcome) (items []storage.FeedItem) {
	d.Attempts++
	d.LastAt, d.Code = t.service.instant(), uint16(o.Code)
	d.Latency, d.Fault, d.Due = uint32(o.Latency.Milliseconds()), o.Fault, 0
	t.count(o.Fault == NoFault)
	t.listed.Store(true)
	switch {
	case o.Fault == NoFault:
		d.State = Delivered
		t.service.counts.Delivered.Add(1)
		if d.Attempts > 1 {
			items = append(items, storage.FeedItem{Key: d.retryItem().Key})
		} else if !t.mayLog() {
			return nil
		}
		return append(items, d.item())
	case t.service.instant()-d.FirstAt >= section.Instant(t.service.cfg.retryFor.Milliseconds()):
		d.State = Dead
		t.service.counts.Failed.Add(1)
		t.service.counts.Dead.Add(1)
		return append(items, storage.FeedItem{Key: d.retryItem().Key}, d.item())
	}
	t.service.counts.Failed.Add(1)
	d.State = Retrying
	d.Due = t.service.instant() + section.Instant(retryPause(d.Attempts).Milliseconds())
	t.enqueue(*d)
	return append(items, d.retryItem(), d.item())
}

// count notes whether the endpoint answers.
func (t *target) count(fine bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if fine {
		if !t.since.IsZero() {
			t.items = append(t.items, storage.FeedItem{Key: prefixOf(kindFailing, t.endpoint.ID)})
		}
		t.failures, t.pause, t.next, t.since, t.over = 0, 0, time.Time{}, time.Time{}, false
		return
	}
	if t.failures++; t.failures < failingAfter {
		return
	}
	if t.since.IsZero() {
		t.since = time.Now()
		t.items = append(t.items, failingItem(t.endpoint.ID, t.since))
	}
	t.over = time.Since(t.since) >= t.service.cfg.disableAfter
	t.pause = min(max(2*t.pause, pauseFirst), pauseMost)
	t.next = time.Now().Add(feed.Jittered(t.pause))
}

// gate is how long nothing may be tried: an endpoint that is failing gets one attempt a pause.
func (t *target) gate() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failures < failingAfter {
		return 0
	}
	now := time.Now()
	if wait := t.next.Sub(now); wait > 0 {
		return wait
	}
	t.next = now.Add(attemptMax) // until this one is counted
	return 0
}

// mayLog bounds what is written for deliveries that went well.
func (t *target) mayLog() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Now().Unix(); now != t.second {
		t.second, t.logged = now, 0
	}
	t.logged++
	return t.logged <= logPerSecond
}

func (t *target) full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.queue) >= retriesMax
}

// enqueue puts a delivery into the queue, or in place of what is there of it.
func (t *target) enqueue(d Delivery) {
	t.mu.Lock()
	if _, there := t.queued[d.Ref]; !there {
		t.queued[d.Ref] = struct{}{}
		heap.Push(&t.queue, d)
	}
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// hurry has a delivery tried now, by an operator's wish, whether the endpoint is failing or not.
func (t *target) hurry(d Delivery) {
	t.mu.Lock()
	t.next = time.Time{}
	if _, there := t.queued[d.Ref]; there {
		for i := range t.queue {
			if t.queue[i].Ref == d.Ref {
				t.queue[i] = d
				heap.Fix(&t.queue, i)
				break
			}
		}
	}
	t.mu.Unlock()
	t.enqueue(d)
}

// due takes the next delivery whose time has come, or says how long to wait.
func (t *target) due() (d Delivery, wait time.Duration) {
	t.mu.Lock()
	if t.endpoint.Disabled != "" || len(t.queue) == 0 {
		t.mu.Unlock()
		return d, pauseMost
	}
	wait = time.Duration(t.queue[0].Due-t.service.instant()) * time.Millisecond
	t.mu.Unlock()
	if wait > 0 {
		return d, wait
	}
	if wait = t.gate(); wait > 0 {
		return d, wait
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	d = heap.Pop(&t.queue).(Delivery)
	delete(t.queued, d.Ref)
	return d, 0
}

// retryAll makes the attempts that are not first ones, until the target ends.
func (t *target) retryAll() {
	for t.ctx.Err() == nil {
		d, wait := t.due()
		if wait <= 0 {
			t.retry(&d)
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-t.wake:
		case <-t.ctx.Done():
		}
		timer.Stop()
	}
}

func (t *target) retry(d *Delivery) {
	e := t.now()
	event, err := t.service.feed.Reader.One(t.ctx, d.Ref)
	o := Outcome{Fault: Unreadable}
	if err == nil {
		o = send(t.ctx, t.client, e.URL, t.service.secrets(&e), &event, time.Now())
	} else if t.ctx.Err() != nil {
		o.ended = true
	}
	if o.ended {
		return // it stands in the store
	}
	items := t.judge(d, o)
	t.mu.Lock()
	t.items = append(t.items, items...)
	t.mu.Unlock()
	if o.Code == http.StatusGone {
		t.service.disable(t.ctx, e.ID, Gone)
	}
}

// take gives the items that are to be made durable.
func (t *target) take() []storage.FeedItem {
	t.mu.Lock()
	defer t.mu.Unlock()
	items := t.items
	t.items = nil
	return items
}

// giveBack is for items that could not be saved.
func (t *target) giveBack(items []storage.FeedItem) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.items = append(items, t.items...)
}

// retries are deliveries by the time they are due.
type retries []Delivery

func (r retries) Len() int           { return len(r) }
func (r retries) Less(i, j int) bool { return r[i].Due < r[j].Due }
func (r retries) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *retries) Push(d any)        { *r = append(*r, d.(Delivery)) }
func (r *retries) Pop() any {
	old := *r
	last := old[len(old)-1]
	*r = old[:len(old)-1]
	return last
}
