package cancellation

import (
	"context"
	"sync"
	"time"
)

// AtOnce is how many sections are asked at a time: as many records fit into few writes.
const AtOnce = 16

// Each does one thing for each of n sections, AtOnce at a time, and returns when all is done.
func Each(n int, do func(no int)) {
	var group sync.WaitGroup
	places := make(chan struct{}, AtOnce)
	for no := range n {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			do(no)
		})
	}
	group.Wait()
}

const (
	watchEvery = 500 * time.Millisecond
	// watchPatience bounds one look, so that a store or a node that is silent is asked anew.
	watchPatience = 10 * time.Second
)

// Watch looks again and again until ctx ends.
func Watch(ctx context.Context, look func(ctx context.Context)) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		bounded, cancel := context.WithTimeout(ctx, watchPatience)
		look(bounded)
		cancel()
	}
}
