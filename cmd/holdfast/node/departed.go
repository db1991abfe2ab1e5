package node

import (
	"bytes"
	"slices"
	"sync"
	"time"

	"holdfast/api/operate"
	"holdfast/cluster"
	"holdfast/storage"
)

// departed are the nodes that were members of the cluster, so that what they left behind has a name. Its zero value has
// met nobody.
type departed struct {
	mu    sync.Mutex
	names map[storage.WriterID]string    // of members
	left  map[storage.WriterID]departure // of those that have gone
}

type departure struct {
	name  string
	since time.Time
}

const (
	// departedMost bounds what is remembered; the oldest is forgotten first.
	departedMost = 256
	// departedFor is how long a node that has gone is told of: a night.
	departedFor = 12 * time.Hour
)

// see takes in a new view.
func (d *departed) see(v *cluster.View, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == nil {
		d.left = map[storage.WriterID]departure{}
	}
	names := map[storage.WriterID]string{}
	for _, m := range v.Members() {
		names[m.Writer] = m.Name
		delete(d.left, m.Writer)
	}
	for id, name := range d.names {
		if _, there := names[id]; !there {
			d.left[id] = departure{name, now}
		}
	}
	d.names = names
	for len(d.left) > departedMost {
		delete(d.left, d.oldest())
	}
}

func (d *departed) oldest() (oldest storage.WriterID) {
	first := true
	for id, gone := range d.left {
		if first || gone.since.Before(d.left[oldest].since) {
			oldest, first = id, false
		}
	}
	return oldest
}

// list tells of them, the newest first.
func (d *departed) list(v *cluster.View) (all []operate.GoneMember) {
	there := map[string]bool{}
	for _, m := range v.Members() {
		there[m.Name] = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, gone := range d.left {
		late := time.Since(gone.since) > departedFor
		all = append(all, operate.GoneMember{ID: id, Name: gone.name, Since: gone.since,
			Back: late || there[gone.name]})
	}
	slices.SortFunc(all, func(a, b operate.GoneMember) int {
		if c := b.Since.Compare(a.Since); c != 0 {
			return c
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	return all
}
