package config

import (
	"strings"
	"testing"

	"holdfast/api"
)

// Connections follow from the limit of open files, with a reserve for whatever else needs some; never more, and never
// none without a word.
func TestDescriptorsAreSharedOut(t *testing.T) {
	for name, row := range map[string]struct {
		config Config
		limit  int
		want   int // connections; 0: refused
	}{
		"usual":      {Config{}, 20_000, 20_000 - keptForProcess - storeFilesMax - storeSpareMax},
		"very many":  {Config{}, 1 << 20, connectionsMax},
		"few":        {Config{}, 64, 64 - keptForProcess - storeFilesMin - 4},
		"too few":    {Config{}, 32, 0},
		"a database": {Config{Store: "postgres://h/d"}, 1024, 1024 - keptForProcess - 32 - sqlSpare},
		"a cluster": {Config{Store: "postgres://h/d", Membership: Membership{GossipListen: "x"}}, 1024,
			1024 - keptForProcess - 32 - sqlSpare - keptForCluster},
		"a cluster, too few": {Config{Store: "postgres://h/d", Membership: Membership{GossipListen: "x"}}, 400, 0},
		"other listeners": {Config{DebugListen: "x", Connections: Connections{AdminListen: "x"}}, 1024,
			1024 - keptForProcess - KeptForDebug - keptForAdmin - 256 - 32},
		"as many as asked for": {Config{Connections: Connections{ConnectionsMax: 100}}, 1024, 100},
		"more than there are":  {Config{Connections: Connections{ConnectionsMax: 2000}}, 1024, 0},
	} {
		got, err := row.config.ShareDescriptors(row.limit)
		if (err != nil) != (row.want == 0) || err == nil && got.Connections != row.want {
			t.Errorf("%s: %+v, %v; want %d", name, got, err, row.want)
		}
		if err != nil && !strings.Contains(err.Error(), "ulimit -n") {
			t.Errorf("%s: the error does not say what to do: %v", name, err)
		}
	}
}

func TestOpenFilesLimitIsTheHardOne(t *testing.T) {
	if n, err := OpenFilesLimit(); err != nil || n < 64 {
		t.Errorf("%d, %v", n, err)
	}
}

// Watching never crowds out buying.
func TestStreamsLeaveRoomForRequests(t *testing.T) {
	for connections, want := range map[int]int{16: 12, 1000: 750, 65_536: streamsMax} {
		var out api.Config
		(&Connections{}).LimitConnections(&out, connections)
		if out.StreamsMax != want {
			t.Errorf("%d connections: %d streams, want %d", connections, out.StreamsMax, want)
		}
	}
}
