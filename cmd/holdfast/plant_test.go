//go:build planted

package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"holdfast/actors/planted"
)

// untilSaid ends a context once the text was written.
type untilSaid struct {
	mu   sync.Mutex
	all  bytes.Buffer
	text string
	end  context.CancelFunc
}

func (u *untilSaid) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all.Write(p)
	if strings.Contains(u.all.String(), u.text) {
		u.end()
	}
	return len(p), nil
}

// TestPlantedServerSaysSo: on the quietest level too, and a name that is none is no server.
func TestPlantedServerSaysSo(t *testing.T) {
	t.Cleanup(func() { _ = planted.Activate("") })
	serve := func(bugs, until string) (int, string) {
		t.Setenv(plantVariable, bugs)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		said := &untilSaid{text: until, end: cancel}
		code := run(ctx, []string{"serve", "--dev-auth", "--listen", "127.0.0.1:0", "--log-level", "error",
			"--drain-wait", "0s",
			"--data", filepath.Join(t.TempDir(), "d")}, said, said)
		return code, said.all.String()
	}
	if code, out := serve("phantom,drop-hold", "Holdfast is at"); code != exitOK ||
		!strings.Contains(out, "THIS BUILD HAS PLANTED BUGS: phantom,drop-hold") {
		t.Errorf("two bugs: %d %s", code, out)
	}
	if code, out := serve("", "Holdfast is at"); code != exitOK ||
		!strings.Contains(out, "THIS BUILD HAS PLANTED BUGS: none") {
		t.Errorf("no bug: %d %s", code, out)
	}
	if code, out := serve("fantom", "Holdfast is at"); code != exitFailed || !strings.Contains(out, plantVariable) ||
		strings.Contains(out, "Holdfast is at") {
		t.Errorf("a name that is none: %d %s", code, out)
	}
}
