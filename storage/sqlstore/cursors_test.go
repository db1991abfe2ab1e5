package sqlstore

import (
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/storage/sqlstore/pgtest"
)

// TestCursorsMoveOnce guards P6: of nodes that move a payment account's cursor at once one does, and the others are
// told; a node's least rights are enough, and an account has nothing to do with another.
func TestCursorsMoveOnce(t *testing.T) {
	owner := pgtest.Shared(t).Database(t)
	openAt(t, owner, Options{})
	node, _ := grant(t, owner)
	s := openAt(t, node, Options{})
	if body, revision, err := s.Cursor(t.Context(), "stripe"); err != nil || body != "" || revision != 0 {
		t.Fatalf("before anything: %q %d %v", body, revision, err)
	}
	for over := range int64(3) {
		var movers sync.WaitGroup
		var moved atomic.Int64
		for range 8 {
			movers.Go(func() {
				mine, err := s.MoveCursor(t.Context(), "stripe", "next", over)
				if err != nil {
					t.Error(err)
				}
				if mine {
					moved.Add(1)
				}
			})
		}
		if movers.Wait(); moved.Load() != 1 {
			t.Errorf("over revision %d: %d moved it", over, moved.Load())
		}
	}
	if body, revision, err := s.Cursor(t.Context(), "stripe"); err != nil || body != "next" || revision != 3 {
		t.Errorf("%q %d %v", body, revision, err)
	}
	if _, revision, err := s.Cursor(t.Context(), "sandbox"); err != nil || revision != 0 {
		t.Errorf("another account: %d %v", revision, err)
	}
}
