package flagvalue

import (
	"testing"
	"time"
)

func TestValidityInDays(t *testing.T) {
	for text, want := range map[string]time.Duration{"365d": 365 * 24 * time.Hour, "1.5d": 36 * time.Hour,
		"12h": 12 * time.Hour} {
		var v Validity
		if err := v.UnmarshalText([]byte(text)); err != nil || time.Duration(v) != want {
			t.Errorf("%s is %v, %v", text, time.Duration(v), err)
		}
	}
}
