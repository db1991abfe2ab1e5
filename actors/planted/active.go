package planted

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync/atomic"
)

// active are the names of the bugs that are active.
var active atomic.Pointer[[]string]

// Active says whether a bug is active. Only inserted lines ask.
func Active(name string) bool {
	names := active.Load()
	return names != nil && slices.Contains(*names, name)
}

// Activate gives this process the bugs named, separated by commas, in place of those it had; none for an empty text. It
// is called before an engine is opened. A name that is not known is an error that lists those that are, and changes
// nothing. So is any name in a build that is not planted.
func Activate(list string) error {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		known := Named(name)
		if known == nil {
			return fmt.Errorf("planted: there is no bug %q; there are %s", name, strings.Join(Names(), " "))
		}
		names = append(names, known.Name)
	}
	if len(names) > 0 && !built {
		return fmt.Errorf("planted: this build has no bugs (%s): it lacks the overlay that cmd/planted writes", list)
	}
	active.Store(&names)
	return nil
}

// Named gives the bug of that name; nil: there is none.
func Named(name string) *Bug {
	all := All()
	for i := range all {
		if all[i].Name == name || slices.Contains(all[i].Also, name) {
			return &all[i]
		}
	}
	return nil
}

// Names are all that Activate knows.
func Names() (names []string) {
	for _, bug := range All() {
		names = append(append(names, bug.Name), bug.Also...)
	}
	return names
}

// tester is what For needs of *testing.T.
type tester interface {
	Helper()
	Fatal(args ...any)
	Cleanup(func())
}

// For wakes bugs as Activate does, for a test: it fails the test when that cannot be, and ends with it.
func For(t tester, list string) {
	t.Helper()
	if err := Activate(list); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = Activate("") })
}

// Struck chooses one request in sixteen for a bug, by its id alone: the same run strikes the same requests, repeats of
// a struck one are struck too, and two bugs strike different ones.
func Struck(bug string, id [16]byte) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(bug)) // never fails
	x := binary.LittleEndian.Uint64(id[:]) ^ binary.LittleEndian.Uint64(id[8:]) ^ uint64(h.Sum32())<<32
	x *= 0x9e3779b97f4a7c15
	x ^= x >> 29
	return x*0xbf58476d1ce4e5b9>>60 == 0
}
