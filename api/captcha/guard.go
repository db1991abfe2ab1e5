package captcha

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a guard.
type Options struct {
	// Open lets a buyer pass when nobody knows. Without it the buyer gets ErrUnavailable: doubt ends in a refusal.
	Open     bool
	Timeout  time.Duration // of one question, at least; 0: 3 s
	InFlight int           // questions at once; 0: 256. More get ErrUnavailable, even if Open: else a flood opens
	// Alarm is told when verdicts begin to be missing (why), and when they come again (nil). It must not block.
	Alarm func(why error)
}

const (
	timeoutDefault  = 3 * time.Second
	inFlightDefault = 256
)

// Counts are a guard's since it began.
type Counts struct {
	Passed, Refused, Unavailable uint64
	LetPass                      uint64 // of Unavailable: those who passed because of Open
}

// Guard stands before a verifier: it bounds what waits, and decides what becomes of those of whom nobody knows.
type Guard struct {
	verifier Verifier
	options  Options
	slots    chan struct{}

	passed, refused, unavailable, letPass atomic.Uint64

	alarm sync.Mutex // so that the alarm hears of begin and end in their order
	down  atomic.Bool
}

// NewGuard makes a guard.
func NewGuard(v Verifier, o Options) *Guard {
	if o.Timeout <= 0 {
		o.Timeout = timeoutDefault
	}
	if o.InFlight <= 0 {
		o.InFlight = inFlightDefault
	}
	if o.Alarm == nil {
		o.Alarm = func(error) {}
	}
	return &Guard{verifier: v, options: o, slots: make(chan struct{}, o.InFlight)}
}

var errBusy = fmt.Errorf("%w: too many questions at once", ErrUnavailable)

// Check asks, and returns nil, or an error that wraps ErrRefused or ErrUnavailable. A caller that gives up says nothing
// about the provider.
func (g *Guard) Check(ctx context.Context, q *Question) error {
	err := g.ask(ctx, q)
	switch {
	case err == nil:
		g.passed.Add(1)
		g.tell(nil)
	case errors.Is(err, ErrRefused):
		g.refused.Add(1)
		if q.Token != "" && len(q.Token) <= TokenBytesMax { // the provider was asked, and answered
			g.tell(nil)
		}
	default:
		g.unavailable.Add(1)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
		case err == errBusy:
			return err
		}
		g.tell(err)
		if g.options.Open {
			g.letPass.Add(1)
			return nil
		}
		if !errors.Is(err, ErrUnavailable) {
			err = fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	return err
}

func (g *Guard) ask(ctx context.Context, q *Question) error {
	select {
	case g.slots <- struct{}{}:
	default:
		return errBusy
	}
	defer func() { <-g.slots }()
	ctx, cancel := context.WithTimeout(ctx, g.options.Timeout)
	defer cancel()
	return g.verifier.Verify(ctx, q)
}

// tell tells the alarm of a change, and of nothing else: a provider that is down for a million joins is one alarm.
func (g *Guard) tell(why error) {
	if g.down.Load() == (why != nil) {
		return
	}
	g.alarm.Lock()
	defer g.alarm.Unlock()
	if g.down.Load() != (why != nil) {
		g.down.Store(why != nil)
		g.options.Alarm(why)
	}
}

// Down says that the newest question had no verdict.
func (g *Guard) Down() bool { return g.down.Load() }

// Counts gives the counts.
func (g *Guard) Counts() Counts {
	return Counts{g.passed.Load(), g.refused.Load(), g.unavailable.Load(), g.letPass.Load()}
}
