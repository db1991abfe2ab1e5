package document

import (
	"fmt"
	"sync"
	"testing"
)

// Kept documents are bounded by what they weigh, built once for everybody who waits, and a failure is not kept.
func TestKeptDocumentsAreBounded(t *testing.T) {
	m := Stills[int]{countMax: 8, bytesMax: 10_000}
	heavy := func(n int) func() (*Still, error) {
		return func() (*Still, error) { return &Still{plain: Document{Body: make([]byte, n)}}, nil }
	}
	for i := range 100 {
		if _, err := m.Get(i, heavy(100*(i%40+1))); err != nil {
			t.Fatal(err)
		}
		if len(m.slots) > 8 || m.bytes > 10_000 {
			t.Fatalf("%d documents of %d bytes", len(m.slots), m.bytes)
		}
	}
	if _, err := m.Get(1000, heavy(1<<20)); err != nil || len(m.slots) != 1 || m.bytes != 1<<20 {
		t.Errorf("one that is too heavy alone: %d kept, %d bytes, %v", len(m.slots), m.bytes, err)
	}
	if _, err := m.Get(1, heavy(1)); err != nil || m.bytes != 1 {
		t.Errorf("%d bytes, %v", m.bytes, err)
	}
	var builds int
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, _ = m.Get(2, func() (*Still, error) { builds++; return heavy(1)() })
		})
	}
	if all.Wait(); builds != 1 {
		t.Errorf("built %d times", builds)
	}
	if _, err := m.Get(3, func() (*Still, error) { return nil, fmt.Errorf("no") }); err == nil {
		t.Error("no error")
	}
	if doc, err := m.Get(3, heavy(1)); doc == nil || err != nil {
		t.Error("a failure was kept")
	}
}
