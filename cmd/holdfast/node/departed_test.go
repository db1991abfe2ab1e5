package node

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast/cluster"
	"holdfast/storage"
)

// TestNodesThatHaveGoneKeepTheirNames, as long as they are remembered and have not come back.
func TestNodesThatHaveGoneKeepTheirNames(t *testing.T) {
	var d departed
	id := func(i int) storage.WriterID { return storage.WriterID{byte(i), byte(i >> 8), 1} }
	view := func(members ...int) *cluster.View {
		var all []cluster.Member
		for _, i := range members {
			all = append(all, cluster.Member{Writer: id(i), Name: fmt.Sprint("n", i%1000)})
		}
		return cluster.NewView(id(members[0]), all)
	}
	now := time.Now()
	d.see(view(1, 2, 3), now.Add(-3*time.Minute))
	d.see(view(1, 3), now.Add(-2*time.Minute))
	d.see(view(1), now.Add(-time.Minute))
	names := func(v *cluster.View) (all []string) {
		for _, g := range d.list(v) {
			if !g.Back {
				all = append(all, g.Name)
			}
		}
		return all
	}
	if got := names(view(1)); !slices.Equal(got, []string{"n3", "n2"}) {
		t.Errorf("%v", got)
	}
	d.see(view(1, 3), now) // gossip had lost it
	d.see(view(1, 3, 1002), now)
	if got := names(view(1, 3, 1002)); len(got) != 0 { // n2 was started again
		t.Errorf("%v", got)
	}
	if all := d.list(view(1, 3, 1002)); len(all) != 1 || all[0].ID != id(2) || all[0].Name != "n2" {
		t.Errorf("what n2's last start ran has no name any more: %+v", all)
	}
	for i := range 2 * departedMost {
		d.see(view(1, 2000+i), now.Add(time.Duration(i)))
	}
	if n := len(d.list(view(1))); n != departedMost {
		t.Errorf("%d are remembered", n)
	}
}
