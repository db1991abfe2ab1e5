package chaos

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// evidence is what each node says of the cluster and of itself at a moment when something is not as it should be: afterwards nobody could tell any more. It goes into the
// run's folder. A node that says nothing is a part of it.
func (a *arena) evidence(ctx context.Context, number int) {
	for _, n := range a.nodes {
		if !n.shouldRun() {
			continue
		}
		for name, path := range map[string]string{"cluster.json": "/v1/cluster", "metrics.txt": "/metrics", "ready.txt": "/readyz"} {
			r := ask(ctx, asides, n, &call{method: http.MethodGet, path: path})
			text := r.body
			if r.status != http.StatusOK {
				text = fmt.Appendf(nil, "%d\n%s", r.status, r.body)
			}
			file := filepath.Join(a.folder, fmt.Sprintf("evidence-%d-%s-%s", number, n.name, name))
			if err := os.WriteFile(file, text, 0o600); err != nil {
				a.cfg.sayf("  evidence is lost: %v", err)
			}
		}
	}
}
