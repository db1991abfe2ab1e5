package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker from the repository's description; empty in a plain go build.
var version string

type versionCommand struct{}

// Help is shown by holdfast version --help.
func (versionCommand) Help() string { return "Example:\n\n  holdfast version" }

// Run prints the build.
func (versionCommand) Run(c *console) error {
	_, err := fmt.Fprintln(c.out, buildInfo())
	return err
}

func buildInfo() string {
	name, revision, changed := version, "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision":
				revision = setting.Value
			case setting.Key == "vcs.modified" && setting.Value == "true":
				changed = " (with local changes)"
			}
		}
	}
	if name == "" {
		name = "unversioned"
	}
	if revision != "" {
		revision = " " + revision
	}
	return fmt.Sprintf("holdfast %s%s%s, %s, %s/%s", name, revision, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
