package copier_test

import (
	"testing"

	"holdfast/storage"
	"holdfast/storage/copier"
)

// TestP15FeedsFollowTheirSource: consumers of a copy go on where they were in the source, and nowhere else.
func TestP15FeedsFollowTheirSource(t *testing.T) {
	ctx := t.Context()
	from, to := onDisk(t), inMemory(t)
	furnish(t, from)
	item := func(key, value string) storage.FeedItem {
		i := storage.FeedItem{Key: []byte(key)}
		if value != "" {
			i.Value = []byte(value)
		}
		return i
	}
	must(t, from.SaveFeed(ctx, []storage.FeedItem{item("c1", "a"), item("c2", "b"), item("w", "c")}))
	must(t, to.SaveFeed(ctx, []storage.FeedItem{item("c1", "older"), item("old", "x")}))
	if report := run(t, from, to); report.Feed != (copier.Count{All: 4, New: 5}) || !report.Changed() {
		t.Errorf("the run says %+v", report.Feed)
	}
	must(t, from.SaveFeed(ctx, []storage.FeedItem{item("c2", "")}))
	if report := run(t, from, to); report.Feed != (copier.Count{All: 3, New: 1}) {
		t.Errorf("the second run says %+v", report.Feed)
	}
	if report := run(t, from, to); report.Feed != (copier.Count{All: 3}) {
		t.Errorf("the third run says %+v", report.Feed)
	}
	got := ""
	must(t, to.FeedItems(ctx, nil, nil, 0, func(i storage.FeedItem) error {
		got += string(i.Key) + "=" + string(i.Value) + " "
		return nil
	}))
	if got != "c1=a house=furnished w=c " {
		t.Errorf("P15: the copy keeps %s", got)
	}
}
