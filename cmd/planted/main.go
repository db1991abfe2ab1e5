// Command planted writes what a build with planted bugs needs, or lists the bugs (actors/planted).
//
//	planted write DIR     patched files and DIR/overlay.json, for go build -overlay and go test -overlay
//	planted list          every bug, the promise it breaks, and what the build does wrong
//
// A patch that no longer applies is an error that names the patch, the function and the text that was looked for.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"holdfast/actors/planted"
)

const usage = "usage: planted write DIR; planted list"

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	switch {
	case len(args) == 2 && args[0] == "write":
		root, err := planted.Root()
		if err != nil {
			return err
		}
		overlay, err := planted.Write(root, args[1])
		if err == nil {
			_, err = fmt.Fprintln(out, overlay)
		}
		return err
	case len(args) == 1 && args[0] == "list":
		for _, bug := range planted.All() {
			if _, err := fmt.Fprintf(out, "%-22s %-9s %s\n", bug.Name, bug.Promise, bug.What); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.New(usage)
}
