package sqlstore

import (
	"strings"
	"testing"

	"holdfast/storage/sqlstore/pgtest"
)

// TestAServerWhoseFailoverLosesRecordsIsToldOn guards P2: whether an acknowledged record is on one machine only is
// said, and never the other way round.
func TestAServerWhoseFailoverLosesRecordsIsToldOn(t *testing.T) {
	for _, c := range []struct {
		names, commit string
		waits         bool
		says          string
	}{
		{"", "on", false, "synchronous_standby_names is empty"}, {"", "remote_apply", false, "no standby"},
		{"ANY 1 (a, b)", "on", true, "1 of 2 followers"}, {"a", "remote_apply", true, "remote_apply"},
		{"a", "remote_write", true, "power loss"},
		{"a", "local", false, "synchronous_commit = local"}, {"a", "off", false, "no standby"},
	} {
		if got := judgeStandbys(c.names, c.commit, 2, 1); got.Waits != c.waits || !strings.Contains(got.Says, c.says) {
			t.Errorf("%q %s: %+v", c.names, c.commit, got)
		}
	}
	got, err := openAt(t, pgtest.Database(t), Options{}).Standbys(t.Context())
	if err != nil || got.Waits || !strings.Contains(got.Says, "commits wait for no standby") {
		t.Errorf("a server alone: %+v, %v", got, err)
	}
}
