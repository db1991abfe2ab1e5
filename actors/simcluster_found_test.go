package actors

import (
	"testing"

	"holdfast/actors/section"
)

// What the simulator of clusters has found, each as the smallest scene.

// TestIndexBelievesRecordsBeforeDoubts (P5): a search that gave up in one section does not cover what a record says of another.
func TestIndexBelievesRecordsBeforeDoubts(t *testing.T) {
	x, id := newRequestIndex(nothingForgotten), section.RequestID{1}
	x.enter(id, 1, true)
	x.adopt(id, 2, 1000) // its record comes in from the section that did it
	x.leave(id, 1, true, judgedUnknown)
	if at, known, _ := x.enter(id, 1, false); !known || at != 2 {
		t.Errorf("the key is known %v, in section %d; the record says section 2", known, at)
	}
}
