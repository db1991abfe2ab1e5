package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"holdfast/cmd/holdfast/storectl"
	"holdfast/cmd/holdfast/terminal"
)

type viewsCommand struct {
	Store    string        `required:"" help:"The database that the logs are in." placeholder:"URL"`
	Follow   bool          `help:"Stay, and keep the views up to the logs until a signal." xor:"follow"`
	Rebuild  bool          `help:"Forget all rows first, and derive them anew from the logs. What readers were granted stays." xor:"rebuild"`
	Drop     bool          `help:"Remove the views and their tables, and end." xor:"follow,rebuild"`
	Interval time.Duration `help:"With --follow: time between two looks at the logs (${default})." default:"1s" placeholder:"DURATION"`
	Parallel int           `help:"Sections taken on at once (${default}); each is a transaction on the server." default:"4" placeholder:"N"`

	LogFormat string `help:"Log lines as text or json (${default})." enum:"text,json" default:"text" placeholder:"FORMAT"`
}

// Help is shown by holdfast views --help.
func (viewsCommand) Help() string {
	return `Examples:

  holdfast views --store postgres://projector@db/holdfast
      Make the views people.bookings, people.legs, people.seats_now and people.tickets,
      bring them up to the logs' ends, and end.

  holdfast views --store postgres://projector@db/holdfast --follow --interval 500ms
      Stay and keep them there, while the engine sells. Any number of these may run; one does the work.

  holdfast views --store postgres://projector@db/holdfast --rebuild
      The same rows again, from the logs alone.

A booking is one row, whatever sections its seats are in; what each section but its own says of it is in people.legs.

The views are eventually consistent: every row has as_of, the time of its section's newest record shown, and people.freshness says when
everything was last seen to be there. Nothing that grants a seat ever reads them.

Rights: a role that may SELECT section_log, events, venue_parts and schema_steps, and owns a schema named people (or may create it):

  CREATE ROLE projector LOGIN;
  GRANT SELECT ON section_log, events, venue_parts, schema_steps TO projector;
  CREATE SCHEMA people AUTHORIZATION projector;
  GRANT USAGE ON SCHEMA people TO reader;
  -- once they exist:
  GRANT SELECT ON people.bookings, people.legs, people.seats_now, people.tickets, people.freshness TO reader;

Cut old records from a log only before the record that people.progress stands at, and never drop the views after: what was cut
cannot be derived again.

Exit code: 0 all there, 1 a section's log is damaged or cut (the others are there), 2 could not do what was asked.`
}

// Run makes, follows, rebuilds or drops the views.
func (v *viewsCommand) Run(c *console) (err error) {
	if v.Interval <= 0 || v.Parallel <= 0 {
		return errors.New("--interval and --parallel must be more than nothing")
	}
	ctx, restoreSignals := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM)
	defer restoreSignals()
	log := terminal.NewLogger(c.err, v.LogFormat, "info")
	views, err := storectl.OpenViews(ctx, v.Store, v.Parallel, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, views.Close()) }()
	if v.Drop {
		return views.Drop(ctx)
	}
	if err := views.Prepare(ctx, v.Rebuild); err != nil {
		return err
	}
	if v.Follow {
		return verdict(views.Follow(ctx, v.Interval))
	}
	return v.once(ctx, c, views)
}

// once brings the views to where the logs end now.
func (v *viewsCommand) once(ctx context.Context, c *console, views *storectl.Views) error {
	bar := terminal.NewBar(c.err, -1, "reading records", false)
	done, err := views.CatchUp(ctx, func(done, total uint64) {
		bar.ChangeMax64(int64(total))
		_ = bar.Set64(int64(done)) // a bar that cannot be drawn is no reason to stop
	}, func(why error) { fmt.Fprintln(c.out, "STOPPED", why) })
	if err = errors.Join(err, bar.Finish()); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%d records, %d changes in %v (%.0f changes/s)\n", done.Records, done.Changes,
		done.Took.Round(time.Millisecond), float64(done.Changes)/done.Took.Seconds())
	return verdict(done.Damaged, nil)
}

// verdict is the exit code's reason; what there is to say of each section has been said.
func verdict(damaged bool, err error) error {
	if err == nil && damaged {
		return errFindings
	}
	return err
}
