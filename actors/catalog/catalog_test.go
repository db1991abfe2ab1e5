package catalog

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/actors/section"
	"holdfast/storage"
)

// A list that grows by insertion is the list that sorting would give, whatever the order of makings and changes.
func TestCatalogStaysSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, twin := &Catalog{}, map[storage.EventID]*storage.Event{}
		for range rapid.IntRange(0, 40).Draw(t, "changes") {
			id := storage.EventID{byte(rapid.IntRange(0, 20).Draw(t, "id"))}
			header := &storage.Event{ID: id, CreatedAt: section.Instant(rapid.IntRange(0, 5).Draw(t, "created"))}
			if old := twin[id]; old != nil {
				header.CreatedAt = old.CreatedAt // it never changes
			}
			before := slices.Clone(c.Events)
			next := c.With(header)
			if !slices.Equal(before, c.Events) || next.Version != c.Version+1 {
				t.Fatal("the older list has changed, or the version has not")
			}
			c, twin[id] = next, header
		}
		if len(c.Events) != len(twin) || !slices.IsSortedFunc(c.Events, newerFirst) {
			t.Fatalf("%d of %d events, sorted %v", len(c.Events), len(twin), slices.IsSortedFunc(c.Events, newerFirst))
		}
		for i, e := range c.Events {
			if twin[e.ID] != e {
				t.Fatalf("event %d is not the newest of its id", i)
			}
			if c.After(e.CreatedAt, e.ID) != i+1 {
				t.Fatalf("after %d comes %d", i, c.After(e.CreatedAt, e.ID))
			}
		}
		gone := &storage.Event{ID: storage.EventID{99}, CreatedAt: 3}
		if at := c.After(gone.CreatedAt, gone.ID); at > 0 && newerFirst(c.Events[at-1], gone) > 0 ||
			at < len(c.Events) && newerFirst(c.Events[at], gone) < 0 {
			t.Fatalf("a cursor of an event that is not there goes on at %d", at)
		}
	})
}
