package node

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// Build says which build a process is.
type Build struct {
	// Version is the repository's description of the commit, as the linker was told; empty: it was told none.
	Version string
}

// String is the build in a line, for people.
func (b Build) String() string {
	name, revision, changed := cmp.Or(b.Version, unversioned), "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision":
				revision = " " + setting.Value
			case setting.Key == "vcs.modified" && setting.Value == "true":
				changed = " (with local changes)"
			}
		}
	}
	return fmt.Sprintf("holdfast %s%s%s, %s, %s/%s", name, revision, changed, runtime.Version(), runtime.GOOS,
		runtime.GOARCH)
}

const unversioned = "unversioned"

// buildMetric is 1 for ever; its labels say which build this is.
func buildMetric(b Build) prometheus.Collector {
	revision := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				revision = setting.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "holdfast_build_info", Help: "Always 1: the labels say which build runs.",
		ConstLabels: prometheus.Labels{
			"version": cmp.Or(b.Version, unversioned), "revision": revision, "goversion": runtime.Version(),
		},
	}, func() float64 { return 1 })
}
