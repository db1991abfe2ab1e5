package testbed

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"
)

// timedOut is the exit code of timeout(1).
const timedOut = 124

// reaches says whether one host's packets reach another's and come back: a port that nobody listens on refuses at once,
// and a cut says nothing. One that is expected is waited for.
func reaches(t *testing.T, n *namespaces, from, to Host, expected bool) bool {
	t.Helper()
	seconds := "0.7"
	if expected {
		seconds = "20"
	}
	err := n.command(from, "timeout", seconds, "bash", "-c", "exec 3<>/dev/tcp/"+n.ip(to).String()+"/9").Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("%d to %d: %v", from, to, err)
	}
	return exit.ExitCode() != timedOut
}

// TestCutsCut: what a nemesis cuts is cut, and nothing else; mended, all is as before; closed, nothing is left.
func TestCutsCut(t *testing.T) {
	if why := NoNamespaces(); why != "" {
		t.Skipf("CUTS ARE NOT TESTED: %s", why)
	}
	n, err := newNamespaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.close(); err != nil {
			t.Error(err)
		}
		if left, _ := filepath.Glob(filepath.Join(namedNamespaces, n.name(1))); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}()
	for h := Host(1); h <= 3; h++ {
		if err := n.prepare(h); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(when string, from, to Host, want bool) {
		t.Helper()
		if got := reaches(t, n, from, to, want); got != want {
			t.Errorf("%s: %d reaches %d: %v", when, from, to, got)
		}
	}
	for _, c := range []struct{ from, to, other Host }{{1, 2, 3}, {StoreHost, 1, 2}, {1, StoreHost, 2}} {
		asking, asked := c.from, c.to
		if asking == StoreHost { // the database asks nobody
			asking, asked = c.to, c.from
		}
		expect("before", asking, asked, true)
		if err := n.Cut(c.from, c.to); err != nil {
			t.Fatal(err)
		}
		expect("cut", asking, asked, false)
		expect("cut, others", c.other, asked, true)
		expect("cut, others", asking, 3, true)
		if err := n.Mend(c.from, c.to); err != nil {
			t.Fatal(err)
		}
		expect("mended", asking, asked, true)
	}
}
