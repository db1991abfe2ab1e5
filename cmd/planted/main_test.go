package main

import (
	"path/filepath"
	"strings"
	"testing"

	"holdfast/actors/planted"
)

func TestCommands(t *testing.T) {
	var out strings.Builder
	into := t.TempDir()
	err := run([]string{"write", into}, &out)
	if err != nil || out.String() != filepath.Join(into, planted.OverlayFile)+"\n" {
		t.Errorf("write: %q, %v", out.String(), err)
	}
	out.Reset()
	err = run([]string{"list"}, &out)
	if err != nil || strings.Count(out.String(), "\n") != len(planted.All()) {
		t.Errorf("list: %v\n%s", err, out.String())
	}
	for _, args := range [][]string{nil, {"write"}, {"list", "all"}, {"plant", "x"}} {
		if err := run(args, &out); err == nil || !strings.Contains(err.Error(), "usage") {
			t.Errorf("%v: %v", args, err)
		}
	}
}
