package netlimit

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestTroubleNeitherFloodsTheLogNorPassesInSilence: a thousand of a kind are the first at once and a line an interval,
// another kind is not swallowed, and after a calm interval the next is told at once again.
func TestTroubleNeitherFloodsTheLogNorPassesInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		d := NewDigest[string](slog.New(slog.NewTextHandler(&text, nil)), "turned away", time.Minute)
		defer d.Close()
		lines := func() int { synctest.Wait(); return strings.Count(text.String(), "\n") }
		for i := range 1000 {
			d.Add("garbage", Trouble{Level: slog.LevelWarn, Address: fmt.Sprintf("10.0.0.%d:1", i%9),
				Why: strings.Repeat("x", 1000)}, "door", "link")
		}
		d.Add("expired", Trouble{Level: slog.LevelWarn, Address: "10.0.0.7:2", Why: "certificate has expired"})
		if lines() != 2 || !strings.Contains(text.String(), "door=link") || !strings.Contains(text.String(),
			"10.0.0.7:2") {
			t.Errorf("at once:\n%s", text.String())
		}
		if text.Len() > 1000 {
			t.Errorf("%d bytes: what a stranger sent was not cut", text.Len())
		}
		if n := d.Current(); len(n) != 2 || d.Counts()["garbage"] != 1000 {
			t.Errorf("%+v %v", n, d.Counts())
		}
		<-time.After(time.Minute)
		if lines() != 3 || !strings.Contains(text.String(), "times=999") || !strings.Contains(text.String(),
			"more_addresses=true") {
			t.Errorf("after an interval:\n%s", text.String())
		}
		<-time.After(time.Hour)
		if lines() != 3 || len(d.Current()) != 0 {
			t.Errorf("calm, and yet:\n%s", text.String())
		}
		d.Add("garbage", Trouble{Level: slog.LevelWarn, Address: "10.0.0.1:1"})
		if lines() != 4 {
			t.Errorf("not told again:\n%s", text.String())
		}
	})
}
