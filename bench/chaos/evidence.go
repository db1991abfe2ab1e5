package chaos

import (
	"context"
	"fmt"
	"holdfast/bench/chaos/testbed"
	"net/http"
	"os"
	"path/filepath"
)

// evidence is what each node says of the cluster and of itself at a moment when something is not as it should be:
// afterwards nobody could tell any more. It goes into the run's folder. A node that says nothing is a part of it.
func (r *run) evidence(ctx context.Context, number int) {
	for _, n := range r.bed.Nodes {
		if !n.ShouldRun() {
			continue
		}
		for name, path := range map[string]string{"cluster.json": "/v1/cluster", "metrics.txt": "/metrics",
			"ready.txt": "/readyz"} {
			said := testbed.Ask(ctx, testbed.Asides, n, &testbed.Call{Method: http.MethodGet, Path: path})
			text := said.Body
			if said.Status != http.StatusOK {
				text = fmt.Appendf(nil, "%d\n%s", said.Status, said.Body)
			}
			file := filepath.Join(r.bed.Folder, fmt.Sprintf("evidence-%d-%s-%s", number, n.Name, name))
			if err := os.WriteFile(file, text, 0o600); err != nil {
				r.cfg.sayf("  evidence is lost: %v", err)
			}
		}
	}
}
