package storectl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/actors/views"
	"holdfast/cmd/holdfast/keyfile"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
)

// viewsAttempt bounds one transaction: entering a stadium's seats is the longest of them.
const viewsAttempt = 30 * time.Second

// viewsLogEvery keeps a projector that follows a sale from writing a line a second.
const viewsLogEvery = 10 * time.Second

// Views are the tables for people in a database that is open for the projector.
type Views struct {
	store    *sqlstore.Store
	parallel int
	log      *slog.Logger
}

// OpenViews never migrates the engine's tables: the projector's role may only read them. parallel is how many sections
// are taken on at once.
func OpenViews(ctx context.Context, address string, parallel int, log *slog.Logger) (*Views, error) {
	if scheme, _, _ := strings.Cut(address, "://"); scheme != "postgres" && scheme != "postgresql" {
		// not repeated here: nobody knows where its password is
		return nil, errors.New("--store must be a postgres:// address")
	}
	if err := keyfile.CheckStore(address); err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(ctx, address, sqlstore.Options{
		Name: "holdfast views", AppendConcurrency: parallel, AttemptTimeout: viewsAttempt,
		Logf: func(format string, args ...any) { log.Warn("store: " + fmt.Sprintf(format, args...)) },
	})
	if err != nil {
		return nil, err
	}
	return &Views{store, parallel, log}, nil
}

// Close closes the database.
func (v *Views) Close() error { return v.store.Close() }

// Drop removes the views and their tables.
func (v *Views) Drop(ctx context.Context) error { return v.store.Views().Drop(ctx) }

// Prepare makes what is not there yet; anew forgets all rows.
func (v *Views) Prepare(ctx context.Context, anew bool) error {
	tables := v.store.Views()
	if err := tables.Prepare(ctx); err != nil || !anew {
		return err
	}
	return tables.Empty(ctx)
}

// CaughtUp is what it took to bring the views to where the logs end.
type CaughtUp struct {
	Records, Changes uint64
	Took             time.Duration
	Damaged          bool // a section's log is damaged or cut; the others are there
}

// CatchUp brings the views to where the logs end now. stopped hears of each section whose log cannot be read on.
func (v *Views) CatchUp(
	ctx context.Context, progress func(done, total uint64), stopped func(why error),
) (done CaughtUp, err error) {
	p := views.New(v.store, v.store.Views(), views.Options{Name: bookingName, Parallel: v.parallel,
		Progress: progress})
	began := time.Now()
	for complete := false; !complete; {
		r, err := p.Round(ctx)
		if err != nil {
			return done, err
		}
		done.Records, done.Changes, complete = done.Records+r.Records, done.Changes+r.Changes, r.Complete
		for _, stop := range r.Stopped {
			stopped(stop.Err)
		}
	}
	done.Took, done.Damaged = time.Since(began), p.Damaged()
	return done, nil
}

func bookingName(key storage.SectionKey, no section.BookingNo) string {
	return actors.BookingID{Section: key, No: no}.String()
}

// Follow keeps the views up to the logs until ctx ends, with a look every interval. A server that does not answer is
// waited for. damaged says that a section's log is damaged or cut; the others are there.
func (v *Views) Follow(ctx context.Context, interval time.Duration) (damaged bool, err error) {
	p := views.New(v.store, v.store.Views(), views.Options{Name: bookingName, Parallel: v.parallel})
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var since views.Round // what was done since the last line
	logged := time.Time{}
	for {
		r, err := p.Round(ctx)
		since.Records, since.Changes, since.Lag = since.Records+r.Records, since.Changes+r.Changes,
			max(since.Lag, r.Lag)
		for _, stop := range r.Stopped {
			v.log.Error("section stopped, the others go on", "section", stop.Section, "error", stop.Err)
		}
		switch {
		case ctx.Err() != nil:
			return p.Damaged(), nil
		case err != nil:
			v.log.Warn("views are not kept up for the moment", "error", err)
		case time.Since(logged) >= viewsLogEvery && (since.Records > 0 || logged.IsZero()):
			v.log.Info("views", "records", since.Records, "changes", since.Changes, "lag_max", since.Lag, "complete",
				r.Complete)
			since, logged = views.Round{}, time.Now()
		}
		select {
		case <-ctx.Done():
			return p.Damaged(), nil
		case <-tick.C:
		}
	}
}
