package planted

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOverlayNamesFilesThatAreThere: everything it stands in for is in the module, everything it points to is written.
func TestOverlayNamesFilesThatAreThere(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	into := filepath.Join(t.TempDir(), "deep", "er")
	overlay, err := Write(root, into)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(overlay)
	if err != nil {
		t.Fatal(err)
	}
	var said struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatal(err)
	}
	if len(said.Replace) < 10 {
		t.Errorf("only %d files", len(said.Replace))
	}
	for name, with := range said.Replace {
		below, err := filepath.Rel(root, name)
		if err != nil || strings.HasPrefix(below, "..") || !filepath.IsAbs(name) {
			t.Errorf("%s is not in the module", name)
		}
		if have, err := os.ReadFile(with); err != nil || len(have) == 0 {
			t.Errorf("%s: %d bytes, %v", with, len(have), err)
		}
	}
	if said.Replace[filepath.Join(root, "actors", "planted", "built.go")] == "" {
		t.Error("the build would not know that it has bugs")
	}
}

// TestABuildWithoutBugsWakesNone: a test that forgot the overlay would find nothing, and say that nobody finds the bug.
func TestABuildWithoutBugsWakesNone(t *testing.T) {
	if err := Activate("drop-hold"); err == nil || !strings.Contains(err.Error(), "drop-hold") || Active("drop-hold") {
		t.Errorf("a bug that is not there was woken: %v", err)
	}
	if err := Activate(" , "); err != nil {
		t.Errorf("no bug: %v", err)
	}
	err := Activate("fantom")
	if err == nil || !strings.Contains(err.Error(), `"fantom"`) || !strings.Contains(err.Error(), " phantom") {
		t.Errorf("want the name and the list: %v", err)
	}
}

// TestStruckIsOneInSixteen: enough to be met in a short run, few enough that the run goes on; and not the same for
// every bug.
func TestStruckIsOneInSixteen(t *testing.T) {
	const requests = 16_000
	var alone [2]int
	both := 0
	for n := range uint64(requests) {
		var id [16]byte
		binary.BigEndian.PutUint64(id[:], n+1)
		one, two := Struck("drop-hold", id), Struck("phantom", id)
		for i, hit := range []bool{one, two} {
			if hit {
				alone[i]++
			}
		}
		if one && two {
			both++
		}
	}
	for i, n := range alone {
		if n < requests/20 || n > requests/13 {
			t.Errorf("bug %d strikes %d of %d", i, n, requests)
		}
	}
	if both > alone[0]/4 {
		t.Errorf("%d of %d are struck twice", both, alone[0])
	}
}
