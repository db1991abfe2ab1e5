package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/deskctl"
	"holdfast/cmd/holdfast/feeding"
	"holdfast/cmd/holdfast/hooksctl"
	"holdfast/cmd/holdfast/mailctl"
	"holdfast/cmd/holdfast/paymentsctl"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/cmd/holdfast/ticketsctl"
	"holdfast/storage/sqlstore"
)

// Exit codes, part of the tool's promise to scripts.
const (
	exitOK       = 0
	exitFindings = 1 // audit: something does not add up; cluster status: not all is well
	exitFailed   = 2 // could not do what was asked
)

// errFindings makes the process end with exitFindings; everything there is to say has been printed.
var errFindings = errors.New("the audit found damage")

// commands is the command line. Each command's help has examples.
type commands struct {
	Serve  serveCommand  `cmd:"" help:"Run the server."`
	Import importCommand `cmd:"" help:"Check a seating plan, and create an event from it."`
	Sale   saleCommand   `cmd:"" help:"Open, pause or close an event's sale."`
	Event  struct {
		Cancel   cancelCommand         `cmd:"" help:"Call an event off: nobody buys any more, and everybody has the money back."`
		Edit     deskctl.EditCommand   `cmd:"" help:"Change an event's name, times, limits or hold times; or tell who has."`
		Delete   deskctl.DeleteCommand `cmd:"" help:"Take an event away that nobody has seats of."`
		Postpone postponeCommand       `cmd:"" help:"Put an event off: who has a booking keeps it, or gives it back."`
	} `cmd:"" help:"Edit an event, call it off, put it off, or delete it."`
	Forget   forgetCommand       `cmd:"" help:"Destroy the key by which an event's buyers could be known again."`
	Queue    queueCommand        `cmd:"" help:"Look at an event's waiting room, and change how people are let in."`
	Bookings deskctl.Command     `cmd:"" help:"Search bookings, and look at one."`
	Payments paymentsctl.Command `cmd:"" help:"Look at money that is open or wrong, and have the processor asked again."`
	Webhooks hooksctl.Command    `cmd:"" help:"Keep the addresses that are told what happens, and see what they were told."`
	Mails    mailctl.Command     `cmd:"" help:"See how mails to buyers stand, and send once more what was given up."`
	Feed     feeding.Command     `cmd:"" help:"Tell a Kafka topic or Redis streams what happens, from a process beside the servers."`
	Listen   hooksctl.Listen     `cmd:"" help:"Bring an event's changes to a program on this machine."`
	Trigger  hooksctl.Trigger    `cmd:"" help:"Make something happen at a server in dev mode, to see who is told."`
	Tickets  ticketsctl.Command  `cmd:"" help:"Look at the keys of tickets, make a new one, or list tickets that were let in twice."`
	Audit    auditCommand        `cmd:"" help:"Verify every log, ticket, snapshot and payment, of a stopped server's data or of a database that is sold from."`
	Log      logCommand          `cmd:"" help:"Print what happened, change by change, of a stopped server's data or of a database that is sold from."`
	Views    viewsCommand        `cmd:"" help:"Tables for people, derived from the logs in a database."`
	Migrate  migrateCommand      `cmd:"" help:"Bring a database's schema up to what this build needs."`
	Draw     drawCommand         `cmd:"" help:"Verify a published draw of a waiting room, or print the log to verify it with."`
	Store    storeCommand        `cmd:"" help:"Look whether a store has lost what was acknowledged and accept a loss, or make a restored copy a store of its own."`
	Copy     copyCommand         `cmd:"" help:"Move everything from one store to another, verified by hash."`
	Cluster  clusterCommand      `cmd:"" help:"Look at the nodes that share the sections, drain them, make their keys, or try a cluster out on this machine."`
	Limits   limitsCommand       `cmd:"" help:"Look at what callers may ask for, and change that while the nodes run."`
	Sandbox  sandboxCommand      `cmd:"" help:"Run a pretend payment processor that servers and browsers reach over HTTP."`
	Version  versionCommand      `cmd:"" help:"Say which build this is."`
}

// console is where a command speaks; tests give it buffers.
type console struct {
	ctx context.Context
	out io.Writer
	err io.Writer
}

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process: arguments in, exit code out.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	exited := exitOK
	ended := false
	all := &commands{}
	parser, err := newParser(all, out, errs, func(code int) { exited, ended = code, true })
	if err != nil {
		fmt.Fprintln(errs, "holdfast:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if err == nil && parsed.Command() != "version" {
		err = config.UnknownVariables(parser.Model, os.Environ())
	}
	if ended { // help was asked for, and printed
		return exited
	}
	if err != nil {
		err = errors.New(withoutPasswords(err.Error(), args))
	} else {
		calm := terminal.NewWriter(out)
		err = parsed.Run(&console{ctx: ctx, out: calm, err: errs},
			&terminal.Console{Context: ctx, Out: calm, Err: errs})
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings), errors.Is(err, paymentsctl.ErrOpen),
		errors.Is(err, ticketsctl.ErrConflicts):
		return exitFindings
	}
	tellEnd(errs, all, args, terminal.Plain(err))
	return exitFailed
}

// tellEnd says why the process ends, in the form that was asked for: whoever collects JSON lines would lose the one
// that matters. What could not be parsed did not set a format, so the arguments and the environment are asked too.
func tellEnd(errs io.Writer, all *commands, args []string, why string) {
	wantJSON := all.Serve.LogFormat == "json" || all.Views.LogFormat == "json" ||
		os.Getenv("HOLDFAST_LOG_FORMAT") == "json"
	for i, arg := range args {
		wantJSON = wantJSON || arg == "--log-format=json" || arg == "json" && i > 0 && args[i-1] == "--log-format"
	}
	if wantJSON {
		terminal.NewLogger(errs, "json", "error").Error("holdfast ends", "error", why)
		return
	}
	fmt.Fprintln(errs, "holdfast:", why)
}

// withoutPasswords is for what the parser says of an argument it has no use for: it may be a database's address.
func withoutPasswords(text string, args []string) string {
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") {
			_, arg, _ = strings.Cut(arg, "=")
		}
		if strings.Contains(arg, "://") {
			text = strings.ReplaceAll(text, arg, sqlstore.Redacted(arg))
		}
	}
	return text
}

func newParser(into *commands, out, errs io.Writer, exit func(int)) (*kong.Kong, error) {
	return kong.New(into,
		kong.Name("holdfast"),
		kong.Description("Seats for on-sales: a million people, a few thousand seats, no two people ever on the same "+
			"one."),
		kong.Writers(out, errs),
		kong.Exit(exit),
		kong.DefaultEnvars("HOLDFAST"),
		kong.Configuration(config.Read),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, Summary: true}),
	)
}
