package node

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"holdfast/cluster"
)

// TestTheEndOfACertificateIsToldInTime and no sooner, whatever its life.
func TestTheEndOfACertificateIsToldInTime(t *testing.T) {
	from := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for life, want := range map[time.Duration][]time.Duration{
		365 * day: {30 * day, 7 * day, day, 0}, 20 * day: {7 * day, day, 0}, 12 * time.Hour: {72 * time.Minute, 0},
	} {
		until := from.Add(life)
		for i, before := range want {
			due, of := stageOf(from, until, until.Add(-before-time.Second))
			if due != i || of != len(want) {
				t.Errorf("life %v, a second before %v: %d of %d", life, before, due, of)
			}
			if due, _ := stageOf(from, until, until.Add(-before)); due != i+1 {
				t.Errorf("life %v, at %v: %d", life, before, due)
			}
		}
	}
}

// TestTheEndOfACertificateIsAnAlarm: each warning once, and an ERROR at the last ones; a new certificate begins anew.
func TestTheEndOfACertificateIsAnAlarm(t *testing.T) {
	dir := t.TempDir()
	if err := cluster.MakeKeys(dir, []string{"n1"}, 100*day); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	k, err := loadNodeKeys(dir, "n1", slog.New(slog.NewTextHandler(&said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	_, until := k.keys.Validity()
	for _, step := range []struct {
		left     time.Duration
		lines    int
		level    string
		troubles string
	}{
		{31 * day, 0, "", ""}, {30 * day, 1, "WARN", ""}, {29 * day, 0, "", ""},
		{6 * day, 1, "WARN", codeCertificateExpires},
		{5 * day, 0, "", codeCertificateExpires}, {time.Hour, 1, "ERROR", codeCertificateExpires},
		{-time.Second, 1, "ERROR", codeCertificateExpired},
		{-day, 0, "", codeCertificateExpired},
	} {
		said.Reset()
		k.now = func() time.Time { return until.Add(-step.left) }
		k.reload()
		if strings.Count(said.String(), "\n") != step.lines || !strings.Contains(said.String(), step.level) {
			t.Errorf("%v before the end: %s", step.left, said.String())
		}
		codes := ""
		for _, tr := range k.troubles() {
			codes += tr.code
		}
		if codes != step.troubles {
			t.Errorf("%v before the end: %s", step.left, codes)
		}
	}
}
