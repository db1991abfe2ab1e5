package fanout

import (
	"context"
	"sync"
	"sync/atomic"
)

// Kept is what a Keeper keeps: a hub, and whoever feeds it.
type Kept interface {
	comparable
	Count() int // clients
	End()       // ends hub and streams; called once
}

// Keeper keeps one hub for each key that somebody follows, from the first client until somebody retires it, and knows
// when all are gone. It is safe for concurrent use.
type Keeper[K comparable, H Kept] struct {
	Fan *Fan // of all its hubs

	mu      sync.Mutex
	hubs    map[K]H
	closed  bool
	open    atomic.Int64
	clients sync.WaitGroup
	running sync.WaitGroup
}

// NewKeeper makes a keeper of hubs over a fan.
func NewKeeper[K comparable, H Kept](fan *Fan) *Keeper[K, H] {
	return &Keeper[K, H]{Fan: fan, hubs: map[K]H{}}
}

// Join has a client follow the hub of a key. A hub that does not fit (fits nil: any does) ends, and one that is not
// there is made: run is called in a goroutine of its own. follow lets the client join, with the keeper locked, so that
// the hub cannot end meanwhile; when the client is gone, Left is to be called. false: the keeper is closed, and nothing
// was done.
func (k *Keeper[K, H]) Join(key K, fits func(H) bool, made func() (hub H, run func()), follow func(H)) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return false
	}
	hub, is := k.hubs[key]
	if is && fits != nil && !fits(hub) {
		hub.End() // clients come back and find the new one
		is = false
	}
	if !is {
		var run func()
		hub, run = made()
		k.hubs[key] = hub
		k.running.Go(run)
	}
	k.clients.Add(1)
	k.open.Add(1)
	follow(hub)
	return true
}

// Left says that a client that joined is gone.
func (k *Keeper[K, H]) Left() {
	k.open.Add(-1)
	k.clients.Done()
}

// Open is how many clients follow.
func (k *Keeper[K, H]) Open() int64 { return k.open.Load() }

// Get is the hub of a key, if there is one.
func (k *Keeper[K, H]) Get(key K) (hub H, is bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	hub, is = k.hubs[key]
	return hub, is
}

// Retire ends the hub of a key, unless somebody follows, or another hub has its place.
func (k *Keeper[K, H]) Retire(key K, hub H) bool { return k.end(key, hub, false) }

// Replace ends the hub of a key though somebody follows, unless another hub has its place: clients come back.
func (k *Keeper[K, H]) Replace(key K, hub H) bool { return k.end(key, hub, true) }

func (k *Keeper[K, H]) end(key K, hub H, followed bool) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.hubs[key] != hub || !followed && hub.Count() > 0 {
		return false
	}
	delete(k.hubs, key)
	hub.End()
	return true
}

// Close ends every hub, refuses clients from now on, and waits until all is gone, as long as ctx lasts: its error.
func (k *Keeper[K, H]) Close(ctx context.Context) error {
	k.mu.Lock()
	k.closed = true
	for key, hub := range k.hubs {
		delete(k.hubs, key)
		hub.End()
	}
	k.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		k.running.Wait()
		k.clients.Wait()
		k.Fan.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
