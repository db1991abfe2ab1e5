package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"holdfast/storage"
	"holdfast/storage/copier"
	"holdfast/storage/pebblestore"
	"holdfast/storage/sqlstore"
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

Copies every log record by record with the same hashes, tickets, snapshots, events with their venues, the secret behind ticket codes, and
the sandbox's payments; then reads all of it back from the target and compares. Both sides must be stopped. HOLDFAST_FROM and HOLDFAST_TO
keep a password out of the list of processes.

Interrupted, it is run again and goes on where it stopped. A finished copy run again is verified again, and nothing is written. A
target that has anything else in the place of what would come is refused before anything is written; other events may be there.

Exit code: 0 copied and verified, 2 not.`
}

// moveable is a store that can be copied from and to.
type moveable interface {
	copier.Target
	Close() error
}

// Run copies and verifies.
func (m *copyCommand) Run(c *console) (err error) {
	if m.From == m.To {
		return errors.New("--from and --to are the same store")
	}
	ctx, stop := signal.NotifyContext(c.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	from, err := openHouse(ctx, m.From, true)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := openHouse(ctx, m.To, false)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	return copyHouse(ctx, c, from, to)
}

func copyHouse(ctx context.Context, c *console, from, to moveable) error {
	began := time.Now()
	bar := newBar(c.err, -1, "looking", false)
	report, err := copier.Run(ctx, from, to, copier.Options{Progress: func(p copier.Progress) {
		bar.Describe(string(p.Step))
		bar.ChangeMax64(int64(p.Total))
		_ = bar.Set64(int64(p.Done)) // a bar that cannot be drawn is no reason to stop
	}})
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

// openHouse opens either form of a store.
func openHouse(ctx context.Context, address string, readOnly bool) (moveable, error) {
	scheme, rest, _ := strings.Cut(address, ":")
	switch {
	case scheme == "pebble" && rest != "" && readOnly:
		store, err := pebblestore.Open(filepath.Join(rest, storeFolder), pebblestore.Options{ReadOnly: true})
		if errors.Is(err, storage.ErrInUse) {
			return nil, inUse(rest, "stop the other first")
		}
		if err != nil {
			return nil, err
		}
		if lost := store.Lost(); lost != nil { // a copy would look whole
			return nil, errors.Join(lostIn(rest, lost), store.Close())
		}
		return newFolder(rest, store), nil
	case scheme == "pebble" && rest != "":
		store, err := openStore(rest, pebblestore.Options{}, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		return newFolder(rest, store), nil
	case scheme == "postgres" || scheme == "postgresql":
		if err := checkStoreSecrets(address); err != nil {
			return nil, err
		}
		store, err := sqlstore.Open(ctx, address, sqlstore.Options{Migrate: !readOnly, AttemptTimeout: copyTimeout, Name: "holdfast copy"})
		if err != nil {
			return nil, err
		}
		return store, nil
	}
	return nil, errors.New("a store is pebble:DIR or postgres://…")
}

// copyTimeout bounds one statement of a copy. Nobody waits for a seat meanwhile, and a page is a thousand times a
// record.
const copyTimeout = 30 * time.Second

func printCopy(out io.Writer, r *copier.Report, took time.Duration, failed error) error {
	if failed != nil && !r.Changed() && len(r.Differences) == 0 { // refused before it began: the error says all
		return nil
	}
	var text strings.Builder
	for _, line := range []struct {
		what  string
		count copier.Count
	}{
		{"events", r.Events}, {"logs", r.Logs}, {"records", r.Records}, {"tickets", r.Tickets}, {"snapshots", r.Snapshots}, {"payments", r.Payments},
	} {
		fmt.Fprintf(&text, "%-9s  %10d, %d of them written now\n", line.what, line.count.All, line.count.New)
	}
	if r.SnapshotsLeftOut > 0 {
		fmt.Fprintf(&text, "%d snapshots left out: damaged, or of no record of their log; replays are longer, nothing is lost\n", r.SnapshotsLeftOut)
	}
	for _, difference := range r.Differences {
		fmt.Fprintln(&text, "DIFFERENCE", difference)
	}
	if failed == nil {
		what := "copied"
		if !r.Changed() {
			what = "nothing to copy, the target had it all"
		}
		fmt.Fprintf(&text, "%s, and verified in the target by hash: the same (%s)\n", what, took.Round(time.Millisecond))
	}
	_, err := io.WriteString(out, text.String())
	return err
}
