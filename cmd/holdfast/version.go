package main

import (
	"fmt"

	"holdfast/cmd/holdfast/node"
)

// version is set by the linker from the repository's description; empty in a plain go build.
var version string

type versionCommand struct{}

// Help is shown by holdfast version --help.
func (versionCommand) Help() string { return "Example:\n\n  holdfast version" }

// Run prints the build.
func (versionCommand) Run(c *console) error {
	_, err := fmt.Fprintln(c.out, thisBuild())
	return err
}

func thisBuild() node.Build { return node.Build{Version: version} }
