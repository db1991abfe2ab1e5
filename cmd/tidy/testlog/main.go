// Command testlog reads what `go test -json` says, for people and for make.
//
//	go test -json … │ testlog read --into FILE    output of what failed, a line for each package and for each skip
//	                                 │
//	                                FILE          a line of JSON for each test, of as many runs as wrote into it
//	                                 │
//	testlog sum FILE …             ◀─┘            failures with "k of n", skips with their reasons, the slowest tests, the counts
//	testlog starters                              packages, and the tests in them that start a process or a database
//
// read exits 1 when something failed or never ended; sum does too. A run that read nothing is a failure: a build that
// broke says so in ways that are no test's.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = "usage: go test -json … | testlog read --into FILE; testlog sum [--slowest N] FILE…; testlog starters"

func main() {
	code, err := run(os.Args[1:], os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
		code = 2
	}
	os.Exit(code)
}

func run(args []string, in io.Reader, out io.Writer) (code int, err error) {
	if len(args) == 0 {
		return 2, fmt.Errorf("nothing to do. %s", usage)
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	into := flags.String("into", "", "file that the results are added to")
	slowest := flags.Int("slowest", 15, "how many of the slowest tests are listed")
	if err := flags.Parse(args[1:]); err != nil {
		return 2, err
	}
	switch args[0] {
	case "read":
		return readInto(*into, in, out)
	case "sum":
		return sumFiles(flags.Args(), *slowest, out)
	case "starters":
		return 0, printStarters(".", out)
	}
	return 2, fmt.Errorf("no such thing as %q. %s", args[0], usage)
}
