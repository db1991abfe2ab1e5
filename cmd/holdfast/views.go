package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"holdfast/actors"
	"holdfast/actors/views"
	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
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
      Make the views people.bookings, people.seats_now and people.tickets, bring them up to the logs' ends, and end.

  holdfast views --store postgres://projector@db/holdfast --follow --interval 500ms
      Stay and keep them there, while the engine sells. Any number of these may run; one does the work.

  holdfast views --store postgres://projector@db/holdfast --rebuild
      The same rows again, from the logs alone.

The views are eventually consistent: every row has as_of, the time of its section's newest record shown, and people.freshness says when
everything was last seen to be there. Nothing that grants a seat ever reads them.

Rights: a role that may SELECT section_log, events, venue_parts and schema_steps, and owns a schema named people (or may create it):

  CREATE ROLE projector LOGIN;
  GRANT SELECT ON section_log, events, venue_parts, schema_steps TO projector;
  CREATE SCHEMA people AUTHORIZATION projector;
  GRANT USAGE ON SCHEMA people TO reader;
  GRANT SELECT ON people.bookings, people.seats_now, people.tickets, people.freshness TO reader;   -- once they exist

Cut old records from a log only before the record that people.progress stands at, and never drop the views after: what was cut
cannot be derived again.

Exit code: 0 all there, 1 a section's log is damaged or cut (the others are there), 2 could not do what was asked.`
}

// viewsAttempt bounds one transaction: entering a stadium's seats is the longest of them.
const viewsAttempt = 30 * time.Second

// viewsLogEvery keeps a projector that follows a sale from writing a line a second.
const viewsLogEvery = 10 * time.Second

// Run makes, follows, rebuilds or drops the views.
func (v *viewsCommand) Run(c *console) (err error) {
	if v.Interval <= 0 || v.Parallel <= 0 {
		return errors.New("--interval and --parallel must be more than nothing")
	}
	ctx, restoreSignals := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM)
	defer restoreSignals()
	log := newLogger(c.err, v.LogFormat, "info")
	store, err := v.open(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	tables := store.People()
	if v.Drop {
		return tables.Drop(ctx)
	}
	if err := tables.Prepare(ctx); err != nil {
		return err
	}
	if v.Rebuild {
		if err := tables.Empty(ctx); err != nil {
			return err
		}
	}
	if v.Follow {
		return v.follow(ctx, store, log)
	}
	return v.once(ctx, c, store)
}

// open never migrates the engine's tables: the projector's role may only read them.
func (v *viewsCommand) open(ctx context.Context, log *slog.Logger) (*sqlstore.Store, error) {
	if scheme, _, _ := strings.Cut(v.Store, "://"); scheme != "postgres" && scheme != "postgresql" {
		return nil, errors.New("--store must be a postgres:// address") // not repeated here: nobody knows where its password is
	}
	if err := checkStoreSecrets(v.Store); err != nil {
		return nil, err
	}
	return sqlstore.Open(ctx, v.Store, sqlstore.Options{
		Name: "holdfast views", Lanes: v.Parallel, AttemptTimeout: viewsAttempt,
		Logf: func(format string, args ...any) { log.Warn("store: " + fmt.Sprintf(format, args...)) },
	})
}

func bookingName(key storage.SectionKey, no section.BookingNo) string {
	return actors.BookingID{Section: key, No: no}.String()
}

// once brings the views to where the logs end now.
func (v *viewsCommand) once(ctx context.Context, c *console, store *sqlstore.Store) error {
	bar := newBar(c.err, -1, "reading records", false)
	p := views.New(store, store.People(), views.Options{Name: bookingName, Parallel: v.Parallel, Progress: func(done, total uint64) {
		bar.ChangeMax64(int64(total))
		_ = bar.Set64(int64(done)) // a bar that cannot be drawn is no reason to stop
	}})
	began, records, changes := time.Now(), uint64(0), uint64(0)
	for complete := false; !complete; {
		r, err := p.Round(ctx)
		if err != nil {
			return errors.Join(err, bar.Finish())
		}
		records, changes, complete = records+r.Records, changes+r.Changes, r.Complete
		for _, stop := range r.Stopped {
			fmt.Fprintln(c.out, "STOPPED", stop.Err)
		}
	}
	if err := bar.Finish(); err != nil {
		return err
	}
	took := time.Since(began)
	fmt.Fprintf(c.out, "%d records, %d changes in %v (%.0f changes/s)\n", records, changes, took.Round(time.Millisecond), float64(changes)/took.Seconds())
	return verdict(p)
}

// verdict is the exit code's reason; what there is to say of each section has been said.
func verdict(p *views.Projector) error {
	if p.Damaged() {
		return errFindings
	}
	return nil
}

// follow keeps the views up to the logs until ctx ends. A server that does not answer is waited for.
func (v *viewsCommand) follow(ctx context.Context, store *sqlstore.Store, log *slog.Logger) error {
	p := views.New(store, store.People(), views.Options{Name: bookingName, Parallel: v.Parallel})
	tick := time.NewTicker(v.Interval)
	defer tick.Stop()
	var since views.Round // what was done since the last line
	logged := time.Time{}
	for {
		r, err := p.Round(ctx)
		since.Records, since.Changes, since.Lag = since.Records+r.Records, since.Changes+r.Changes, max(since.Lag, r.Lag)
		for _, stop := range r.Stopped {
			log.Error("section stopped, the others go on", "section", stop.Section, "error", stop.Err)
		}
		switch {
		case ctx.Err() != nil:
			return verdict(p)
		case err != nil:
			log.Warn("views are not kept up for the moment", "error", err)
		case time.Since(logged) >= viewsLogEvery && (since.Records > 0 || logged.IsZero()):
			log.Info("views", "records", since.Records, "changes", since.Changes, "lag_max", since.Lag, "complete", r.Complete)
			since, logged = views.Round{}, time.Now()
		}
		select {
		case <-ctx.Done():
			return verdict(p)
		case <-tick.C:
		}
	}
}
