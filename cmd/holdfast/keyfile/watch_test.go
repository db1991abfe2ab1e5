package keyfile

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Kind: a file of keys that is looked at too seldom, or for ever.
func TestKeysAreLookedAtUntilTheNodeLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left, ended, looks := make(chan struct{}), make(chan struct{}), 0
		go func() {
			Watch(left, func() { looks++ })
			close(ended)
		}()
		<-time.After(10*watchEvery + watchEvery/2)
		close(left)
		<-ended
		if looks != 10 {
			t.Errorf("%d looks in 21 seconds", looks)
		}
	})
}

// Kind: a log that is flooded by one broken file, or silent about the next.
func TestEachTroubleIsNewsOnce(t *testing.T) {
	var trouble Trouble
	one, other := errors.New("one"), errors.New("other")
	for i, step := range []struct {
		err  error
		news bool
	}{{nil, false}, {one, true}, {one, false}, {other, true}, {one, true}, {nil, false}, {one, true}} {
		if trouble.News(step.err) != step.news {
			t.Errorf("step %d: %v is news: %v", i, step.err, !step.news)
		}
	}
}
