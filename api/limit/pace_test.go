package limit

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// bucketTwin is a bucket as a child would build one: calls in it, as fractions, and when somebody last looked.
type bucketTwin struct {
	level *big.Rat
	seen  int64
}

// twin is rateLimiter without its cleverness: a map, and tokens that drip.
type twin struct {
	step, burst int64
	buckets     map[key]*bucketTwin
}

func (w *twin) calls(nanoseconds int64) *big.Rat { return big.NewRat(nanoseconds, w.step*tenths) }

func (w *twin) allow(k key, weight, now int64) bool {
	b := w.buckets[k]
	if b == nil {
		b = &bucketTwin{level: w.calls(w.burst), seen: now}
		w.buckets[k] = b
	}
	b.level.Add(b.level, w.calls(now-b.seen))
	if full := w.calls(w.burst); b.level.Cmp(full) > 0 {
		b.level = full
	}
	b.seen = now
	price := big.NewRat(weight, tenths)
	if b.level.Cmp(price) < 0 {
		return false
	}
	b.level.Sub(b.level, price)
	return true
}

// change keeps what was used up: in nanoseconds, since that is how long callers were told to wait.
func (w *twin) change(p *pace, now int64) {
	for _, b := range w.buckets {
		w.drip(b, now)
		used := new(big.Rat).Sub(w.calls(w.burst), b.level)
		used.Mul(used, big.NewRat(w.step*tenths, 1))
		if most := big.NewRat(p.burst, 1); used.Cmp(most) > 0 {
			used = most
		}
		used.Mul(used, big.NewRat(1, p.step*tenths))
		b.level = new(big.Rat).Sub(big.NewRat(p.burst, p.step*tenths), used)
	}
	w.step, w.burst = p.step, p.burst
}

func (w *twin) drip(b *bucketTwin, now int64) {
	b.level.Add(b.level, w.calls(now-b.seen))
	if full := w.calls(w.burst); b.level.Cmp(full) > 0 {
		b.level = full
	}
	b.seen = now
}

// TestCellRateIsATokenBucket: the limiter's one number decides as tokens in a map do, for any rate, burst, weight and
// gap, and when an operator changes the rate in between.
func TestCellRateIsATokenBucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rates := rapid.Custom(func(t *rapid.T) Rate {
			return Rate{PerSecond: rapid.SampledFrom([]float64{0.01, 0.5, 1, 3, 7, 10, 1000, 50_000}).Draw(t, "rate"),
				Burst: float64(rapid.IntRange(1, 30).Draw(t, "burst"))}
		})
		l := newRateLimiter("buyer", rates.Draw(t, "limit"))
		w := &twin{step: l.step, burst: l.burst, buckets: map[key]*bucketTwin{}}
		now := int64(time.Hour)
		for range rapid.IntRange(1, 120).Draw(t, "calls") {
			now += rapid.Int64Range(0, 3*l.step*tenths).Draw(t, "gap")
			if rapid.IntRange(0, 20).Draw(t, "change") == 0 {
				l = l.changed(rates.Draw(t, "other limit"), now)
				w.change(&l.pace, now)
			}
			who := key{1: byte(rapid.IntRange(1, 3).Draw(t, "who"))}
			weight := rapid.Int64Range(1, tenths).Draw(t, "weight")
			_, likely := l.look(who, weight, now)
			ahead, ok := l.allow(who, weight, now)
			if want := w.allow(who, weight, now); ok != want || likely != want {
				t.Fatalf("%v of weight %d: %v (looked: %v), a token bucket says %v", l.rate, weight, ok, likely, want)
			}
			if !ok {
				wait := int64(l.wait(ahead, weight))
				if _, early := l.look(who, weight, now+wait-1); early {
					t.Fatalf("passes before the %d ns it was told to wait", wait)
				}
				if _, then := l.look(who, weight, now+wait); !then {
					t.Fatalf("does not pass after the %d ns it was told to wait", wait)
				}
			}
		}
	})
}

// TestWhatIsLeftIsTold: the calls that a header promises pass, one more does not, and one more does after the seconds.
func TestWhatIsLeftIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPace("buyer", Rate{PerSecond: rapid.SampledFrom([]float64{0.01, 0.5, 3, 10}).Draw(t, "rate"),
			Burst: float64(rapid.IntRange(1, 9).Draw(t, "burst"))})
		ahead := rapid.Int64Range(0, p.burst).Draw(t, "ahead")
		calls, seconds := p.left(ahead)
		at := func(ahead int64) (n int64) {
			for ok := true; ok; n++ {
				ahead, ok = p.take(ahead, tenths)
			}
			return n - 1
		}
		if got := at(ahead); got != calls {
			t.Fatalf("%d calls pass, told %d", got, calls)
		}
		if later := at(ahead - seconds*int64(time.Second)); seconds > 0 && later <= calls &&
			ahead-seconds*int64(time.Second) > 0 {
			t.Fatalf("after %d s %d calls pass, before %d", seconds, later, calls)
		}
	})
}

// TestExtremeRatesDoNotOverflow: rates and bursts at the ends of what is taken count, and end.
func TestExtremeRatesDoNotOverflow(t *testing.T) {
	for _, rate := range []Rate{{rateMin, 1}, {rateMin, numberMax}, {numberMax, 1}, {numberMax, numberMax}} {
		l, now := newRateLimiter("buyer", rate), time.Now().UnixNano()
		if _, ok := l.allow(key{1}, tenths, now); !ok {
			t.Errorf("%v: the first call is refused", rate)
		}
		if ahead, _ := l.look(key{1}, 1, now); ahead < 0 || l.wait(ahead, tenths) < 0 {
			t.Errorf("%v: %d", rate, ahead)
		}
	}
}

// TestALoosenedLimitIsLooseAtOnce: whoever waits for hours under one limit waits no longer than the next one says.
func TestALoosenedLimitIsLooseAtOnce(t *testing.T) {
	now := int64(time.Hour)
	l, sole := newRateLimiter("buyer", Rate{0.0001, 10}), newSoleLimiter("global", Rate{0.0001, 10})
	for range 10 {
		l.allow(key{1}, tenths, now)
		sole.allow(tenths, now)
	}
	l, sole = l.changed(Rate{10, 10}, now), sole.changed(Rate{10, 10}, now)
	now += int64(100 * time.Millisecond)
	if _, ok := l.allow(key{1}, tenths, now); !ok {
		t.Error("a buyer still waits")
	}
	if _, ok := sole.allow(tenths, now); !ok {
		t.Error("all still wait")
	}
}
