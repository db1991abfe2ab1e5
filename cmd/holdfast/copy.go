package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"holdfast/cmd/holdfast/storectl"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage/copier"
)

type copyCommand struct {
	From string `required:"" help:"What to copy: pebble:DIR (a stopped server's data folder) or postgres://…" placeholder:"STORE"`
	To   string `required:"" help:"Where to: the same forms; made when missing." placeholder:"STORE"`
}

// Help is shown by holdfast copy --help.
func (copyCommand) Help() string {
	return `Examples:

  holdfast copy --from pebble:/var/lib/holdfast --to postgres://holdfast@db:5432/holdfast
      From the embedded store to a database; the schema is brought up to date first.

  holdfast copy --from postgres://holdfast@db:5432/holdfast --to pebble:/var/lib/holdfast
      And back: a folder that has the beginning of it already gets the rest.

Copies every log record by record with the same hashes, tickets, snapshots, events with their venues and the keys of
their buyers' names, contact data, operators' idempotency keys, the secret behind ticket codes, the sandbox's payments,
and how far the payment processor's events were read (cursors); then reads all of it back from the target and compares.
Both sides must be stopped. HOLDFAST_FROM and HOLDFAST_TO keep a password out of the list of processes.

Interrupted, it is run again and goes on where it stopped. A finished copy run again is verified again, and nothing is written. A
target that has anything else in the place of what would come is refused before anything is written; other events may be there.

Exit code: 0 copied and verified, 2 not.`
}

// Run copies and verifies.
func (m *copyCommand) Run(c *console) error {
	if m.From == m.To {
		return errors.New("--from and --to are the same store")
	}
	ctx, stop := signal.NotifyContext(c.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	stores, err := storectl.OpenCopy(ctx, m.From, m.To)
	if err != nil {
		return err
	}
	return errors.Join(copyStores(ctx, c, stores), stores.Close())
}

func copyStores(ctx context.Context, c *console, stores *storectl.Copy) error {
	began := time.Now()
	bar := terminal.NewBar(c.err, -1, "looking", false)
	report, err := stores.Run(ctx, func(p copier.Progress) {
		bar.Describe(string(p.Step))
		bar.ChangeMax64(int64(p.Total))
		_ = bar.Set64(int64(p.Done)) // a bar that cannot be drawn is no reason to stop
	})
	if err := errors.Join(bar.Finish(), printCopy(c.out, report, time.Since(began), err)); err != nil {
		return err
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errors.New("copy: interrupted; run it again and it goes on from here")
	}
	return fmt.Errorf("copy: %w", err)
}

func printCopy(out io.Writer, r *copier.Report, took time.Duration, failed error) error {
	if failed != nil && !r.Changed() && len(r.Differences) == 0 { // refused before it began: the error says all
		return nil
	}
	var text strings.Builder
	for _, line := range []struct {
		what  string
		count copier.Count
	}{
		{"events", r.Events}, {"logs", r.Logs}, {"records", r.Records}, {"tickets", r.Tickets},
		{"snapshots", r.Snapshots}, {"payments", r.Payments}, {"contacts", r.Contacts}, {"cursors", r.Cursors},
	} {
		fmt.Fprintf(&text, "%-9s  %10d, %d of them written now\n", line.what, line.count.All, line.count.New)
	}
	if r.SnapshotsLeftOut > 0 {
		fmt.Fprintf(&text, "%d snapshots left out: damaged, or of no record of their log; replays are longer, "+
			"nothing is lost\n", r.SnapshotsLeftOut)
	}
	for _, difference := range r.Differences {
		fmt.Fprintln(&text, "DIFFERENCE", difference)
	}
	if failed == nil {
		what := "copied"
		if !r.Changed() {
			what = "nothing to copy, the target had it all"
		}
		fmt.Fprintf(&text, "%s, and verified in the target by hash: the same (%s)\n", what,
			took.Round(time.Millisecond))
	}
	_, err := io.WriteString(out, text.String())
	return err
}
