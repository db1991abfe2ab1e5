package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"holdfast/bench/lab"
)

// commands is the command line.
type commands struct {
	Run         runCommand      `cmd:"" help:"Measure a scenario, alone or beside peers, check every answer, and report."`
	Growth      growthCommand   `cmd:"" help:"Measure how cost grows with sections, seats, clients, live holds or history, and draw it."`
	Capacity    capacityCommand `cmd:"" help:"Find the rate of buyers that a deployment carries, and the admission rate to set."`
	Chaos       chaosCommand    `cmd:"" help:"Kill, stop and cut nodes of a cluster while buyers shop, and check every answer."`
	HTTP        httpCommand     `cmd:"" help:"Measure one scenario: holds, refusals, availability, joins, polls, availability-busy, single, expiry or restart." name:"http"`
	Streams     streamsCommand  `cmd:"" help:"Measure bookings beside thousands of live-map streams, and the streams."`
	Compare     compareReports  `cmd:"" help:"Tell what changed between two reports beyond noise."`
	Check       checkCommand    `cmd:"" help:"Judge a kept history again."`
	Page        pageCommand     `cmd:"" help:"Make a report's page again."`
	CompareNull compareCommand  `cmd:"" help:"Compare with a server that does nothing: holds, refusals, availability, joins or polls."`
	Null        nullCommand     `cmd:"" help:"Serve one fixed answer to everything."`
	Peer        peerCommand     `cmd:"" help:"Serve a peer by itself."`
	Nothing     nothingCommand  `cmd:"" help:"Serve a handler that always says yes, and does nothing."`
	Worker      workerCommand   `cmd:""                                                                                                                       hidden:""`
}

// console is where a command speaks.
type console struct {
	ctx context.Context
	out io.Writer
	err io.Writer
}

func main() {
	relaxCollector()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command is main without the process: arguments in, exit code out.
func command(ctx context.Context, arguments []string, out, errs io.Writer) int {
	ended, code := false, 0
	parser, err := kong.New(&commands{}, kong.Name("holdfast-bench"), kong.Writers(out, errs), kong.UsageOnError(),
		kong.Description("Measures a Holdfast server from the outside."), kong.Exit(func(c int) {
			ended, code = true, c
		}))
	if err != nil {
		fmt.Fprintln(errs, "holdfast-bench:", err)
		return 2
	}
	for _, text := range renamed(arguments) {
		fmt.Fprintln(errs, "holdfast-bench:", text)
	}
	parsed, err := parser.Parse(arguments)
	if ended { // help was asked for, and printed
		return code
	}
	if err == nil {
		err = parsed.Run(&console{ctx: ctx, out: out, err: errs})
	}
	if err != nil {
		fmt.Fprintln(errs, "holdfast-bench:", scrub(err.Error(), arguments))
	}
	return exitCode(err)
}

// renamedFlags are old names of flags, which still work in this version, with the new ones.
var renamedFlags = map[string]string{"--houses": "--events"}

// renamed tells of each old name among the arguments once.
func renamed(arguments []string) (notices []string) {
	seen := make(map[string]bool)
	for _, argument := range arguments {
		name, _, _ := strings.Cut(argument, "=")
		if now := renamedFlags[name]; now != "" && !seen[name] {
			seen[name] = true
			notices = append(notices, fmt.Sprintf("%s is %s now; the old name ends with the next version", name, now))
		}
	}
	return notices
}

// notice tells what a user should know and no report says.
func (c *console) notice(text string) { fmt.Fprintln(c.err, "holdfast-bench:", text) }

// exitCode: 1 is a report with a bad verdict, 2 no report.
func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errVerdict) || errors.Is(err, errWorse):
		return 1
	}
	return 2
}

// relaxCollector trades memory for processor time, for the client shares its processors with what it measures, and
// leaves the last word to GOGC.
func relaxCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// report prints a result for people or for machines.
func (c *console) report(asJSON bool, command string, result any) error {
	if !asJSON {
		_, err := fmt.Fprintf(c.out, "%s\n%s\n%s\n", command, lab.Machine(), result)
		return err
	}
	encoder := json.NewEncoder(c.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Command string `json:"command"`
		Machine string `json:"machine"`
		Result  any    `json:"result"`
	}{command, lab.Machine(), result})
}
