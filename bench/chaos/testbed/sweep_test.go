package testbed

import "testing"

func TestOrphansAreKnownByTheirNames(t *testing.T) {
	const dead = "1073741823" // beyond what the kernel gives out
	for name, want := range map[string]bool{
		"holdfast-chaos-" + dead + "-n1": true, "holdfast-chaos-1-n1": false, "holdfast-chaos-" + dead: false,
		"other-" + dead + "-n1": false,
	} {
		if got := orphan(name, ownNamespace); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for name, want := range map[string]bool{"hfc" + dead: true, "hfc" + dead + "n2": true, "hfc1n2": false,
		"hfcx": false, "eth0": false} {
		if got := orphan(name, ownLink); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for name, want := range map[string]bool{
		folderPrefix + dead + "-123": true, keptPrefix + dead + "-123": false, folderPrefix + "1-123": false,
	} {
		if got := orphan(name, ownFolder); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
