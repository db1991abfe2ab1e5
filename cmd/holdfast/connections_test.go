package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/api"
)

// Connections follow from the limit of open files, with a reserve for whatever else needs some; never more, and never
// none without a word.
func TestDescriptorsAreSharedOut(t *testing.T) {
	for name, row := range map[string]struct {
		config config
		limit  int
		want   int // connections; 0: refused
	}{
		"usual":                {config{}, 20_000, 20_000 - keptForProcess - storeFilesMax - storeSpareMax},
		"very many":            {config{}, 1 << 20, connectionsMax},
		"few":                  {config{}, 64, 64 - keptForProcess - storeFilesMin - 4},
		"too few":              {config{}, 32, 0},
		"a database":           {config{Store: "postgres://h/d"}, 1024, 1024 - keptForProcess - 32 - sqlSpare},
		"a cluster":            {config{Store: "postgres://h/d", clusterConfig: clusterConfig{GossipListen: "x"}}, 1024, 1024 - keptForProcess - 32 - sqlSpare - keptForCluster},
		"a cluster, too few":   {config{Store: "postgres://h/d", clusterConfig: clusterConfig{GossipListen: "x"}}, 400, 0},
		"other listeners":      {config{DebugListen: "x", connectionConfig: connectionConfig{AdminListen: "x"}}, 1024, 1024 - keptForProcess - keptForDebug - keptForAdmin - 256 - 32},
		"as many as asked for": {config{connectionConfig: connectionConfig{ConnectionsMax: 100}}, 1024, 100},
		"more than there are":  {config{connectionConfig: connectionConfig{ConnectionsMax: 2000}}, 1024, 0},
	} {
		got, err := row.config.shareDescriptors(row.limit)
		if (err != nil) != (row.want == 0) || err == nil && got.connections != row.want {
			t.Errorf("%s: %+v, %v; want %d", name, got, err, row.want)
		}
		if err != nil && !strings.Contains(err.Error(), "ulimit -n") {
			t.Errorf("%s: the error does not say what to do: %v", name, err)
		}
	}
}

func TestOpenFilesLimitIsTheHardOne(t *testing.T) {
	if n, err := openFilesLimit(); err != nil || n < 64 {
		t.Errorf("%d, %v", n, err)
	}
}

// Watching never crowds out buying.
func TestStreamsLeaveRoomForRequests(t *testing.T) {
	for connections, want := range map[int]int{16: 12, 1000: 750, 65_536: streamsMax} {
		var out api.Config
		(&connectionConfig{}).limitConnections(&out, connections)
		if out.StreamsMax != want {
			t.Errorf("%d connections: %d streams, want %d", connections, out.StreamsMax, want)
		}
	}
}

func TestConnectionSettingsThatCannotWorkAreRefused(t *testing.T) {
	for flag, value := range map[string]string{
		"--connections-max": "-1", "--connections-per-address": "-1", "--read-timeout": "-1s", "--write-timeout": "0s",
		"--idle-timeout": "1ms", "--head-bytes-max": "10", "--body-memory-mib": "0", "--admin-listen": "nowhere",
	} {
		code, out := tool(t, "serve", "--data", t.TempDir(), "--dev-auth", "--listen", "127.0.0.1:0", flag+"="+value)
		if code != exitFailed || !strings.Contains(out, flag) {
			t.Errorf("%s=%s: %d %s", flag, value, code, out)
		}
	}
}

// A thousand lines of one kind are one a second, and say how many they stand for.
func TestRepeatedLinesAreSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := &sparing{log: slog.New(slog.NewTextHandler(&out, nil))}
		for range 1000 {
			s.logf("disk full: %d", 1)
			s.logf("something else")
		}
		<-time.After(sparingEvery)
		s.logf("disk full: %d", 2)
		if lines := strings.Count(out.String(), "\n"); lines != 3 || !strings.Contains(out.String(), "like_this_meanwhile=999") {
			t.Errorf("%d lines:\n%s", lines, out.String())
		}
	})
}
