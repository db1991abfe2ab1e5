package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/storage"
)

// ErrSchema says that the server's schema lacks steps this build needs, and that they were not (or may not be) applied
// from here.
//
// The opposite is no error: a schema that is newer than the build is served. While a cluster is upgraded node by node,
// the first new node migrates and the others go on with the old build. Every step must therefore leave the statements
// of the build before it valid.
var ErrSchema = errors.New("sqlstore: the server's schema lacks steps this build needs")

const (
	// migrationLock bounds how long a step waits for a table's lock: on PostgreSQL everybody else queues behind it
	// meanwhile.
	migrationLock = "3000" // ms
	// migrationAttempts bounds the repetitions of one step; with the pauses between them they last some seven seconds.
	migrationAttempts = 30
)

// step is one file of schema: a statement that stands alone in its own transaction and may be repeated.
type step struct {
	number    int64  // dense from 1
	name      string // the file's, without .sql
	statement string
}

var steps = mustSteps(fs.Sub(files, "schema"))

func mustSteps(folder fs.FS, err error) []step {
	if err != nil {
		panic(err) // embedded: cannot happen
	}
	all, err := loadSteps(folder)
	if err != nil {
		panic(err) // a defect of the build; a test loads them too
	}
	return all
}

// loadSteps reads NNNN_name.sql in order. A gap in the numbers would be two branches that both made the next step.
func loadSteps(folder fs.FS) ([]step, error) {
	names, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var all []step
	for _, file := range names {
		digits, _, _ := strings.Cut(file, "_")
		number, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || len(digits) != 4 || number != int64(len(all)+1) {
			return nil, fmt.Errorf("sqlstore: schema step %s should have number %04d", file, len(all)+1)
		}
		text, err := fs.ReadFile(folder, file)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(path.Base(file), ".sql")
		all = append(all, step{number: number, name: name, statement: withoutComments(string(text))})
	}
	return all, nil
}

func withoutComments(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			out.WriteString(line)
		}
	}
	return strings.TrimSpace(out.String())
}

// isCockroach knows CockroachDB by what version() answers; there is no other question that both servers understand.
func isCockroach(version string) bool { return strings.HasPrefix(version, "CockroachDB ") }

// prepare makes sure that the store can be served from what the server has. A role that may only serve is asked nothing
// more than a SELECT as long as no step is missing.
func prepare(ctx context.Context, config *pgx.ConnConfig, o *Options, server Server) (err error) {
	m := &migrator{config: migrationConfig(config)}
	defer func() { err = errors.Join(err, m.close(ctx)) }()
	if err := m.connect(ctx); err != nil {
		return err
	}
	if !server.Cockroach {
		if err := insistOnDurability(ctx, m.conn, config, o.Logf); err != nil {
			return err
		}
	}
	missing, err := m.missing(ctx)
	switch {
	case err != nil || len(missing) == 0:
		return err
	case !o.Migrate:
		return fmt.Errorf("%w: %s: run holdfast migrate as the owner", ErrSchema, stepNames(missing))
	}
	applied, err := m.applyAll(ctx, missing)
	if len(applied) > 0 {
		o.Migrated(applied)
	}
	return err
}

// Migrate applies the missing schema steps and tells which it applied itself; none is no error. Any number of processes
// may do it at once. The role needs CREATE on the schema and becomes the owner of the tables.
func Migrate(ctx context.Context, address string, o Options) (applied []string, err error) {
	config, err := configure(address, &o)
	if err != nil {
		return nil, err
	}
	m := &migrator{config: migrationConfig(config.ConnConfig)}
	defer func() { err = errors.Join(err, m.close(ctx)) }()
	if err := m.connect(ctx); err != nil {
		return nil, err
	}
	missing, err := m.missing(ctx)
	if err != nil {
		return nil, err
	}
	return m.applyAll(ctx, missing)
}

// migrationConfig is for a connection that changes the schema: patient with its own statement (CockroachDB runs a
// schema change as a job), impatient with locks.
func migrationConfig(config *pgx.ConnConfig) *pgx.ConnConfig {
	own := config.Copy()
	own.RuntimeParams["statement_timeout"] = "0"
	own.RuntimeParams["lock_timeout"] = migrationLock
	return own
}

func stepNames(missing []step) string {
	names := make([]string, len(missing))
	for i := range missing {
		names[i] = missing[i].name
	}
	return strings.Join(names, ", ")
}

// migrator applies steps over one connection, which it replaces when it breaks.
type migrator struct {
	config *pgx.ConnConfig
	conn   *pgx.Conn
}

func (m *migrator) connect(ctx context.Context) (err error) {
	if m.conn != nil && !m.conn.IsClosed() {
		return nil
	}
	if m.conn, err = pgx.ConnectConfig(ctx, patient(ctx, m.config)); err != nil {
		return fmt.Errorf("sqlstore: %w: %w", storage.ErrUnavailable, err)
	}
	return nil
}

func (m *migrator) close(ctx context.Context) error {
	if m.conn == nil {
		return nil
	}
	return m.conn.Close(ctx)
}

// missing are this build's steps that nobody took yet, in order. No table of steps means that none was taken.
func (m *migrator) missing(ctx context.Context) ([]step, error) {
	taken, err := collect(ctx, m.conn, pgx.RowTo[int64], sql("migrations_taken"))
	switch sqlState(err) {
	case stateUndefinedTable:
		err = nil
	case stateInsufficientPrivilege:
		return nil, fmt.Errorf("sqlstore: this role has no rights here; least_privilege.sql grants them: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("sqlstore: schema steps: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return slices.Contains(taken, s.number) }), nil
}

// applyAll applies the steps and tells which of them were still missing when this process marked them.
func (m *migrator) applyAll(ctx context.Context, missing []step) (applied []string, err error) {
	for _, s := range missing {
		mine, err := m.apply(ctx, s)
		if err != nil {
			return applied, err
		}
		if mine {
			applied = append(applied, s.name)
		}
	}
	return applied, nil
}

// apply takes one step, however many others are at it. Servers have no lock that both know, so the statements
// themselves are repeatable, and what PostgreSQL says to a loser of the race is answered by looking again.
func (m *migrator) apply(ctx context.Context, s step) (mine bool, err error) {
	for attempt := range migrationAttempts {
		if attempt > 0 {
			if err := takeTurns(ctx, attempt); err != nil {
				return false, err
			}
		}
		if mine, err = m.attempt(ctx, s); err == nil {
			return mine, nil
		}
		if !m.repeatable(err) {
			break
		}
	}
	if sqlState(err) == stateInsufficientPrivilege {
		return false, fmt.Errorf("%w: %s, and this role may not apply it: run holdfast migrate as the owner: %w",
			ErrSchema, s.name, err)
	}
	return false, fmt.Errorf("sqlstore: schema step %s: %w", s.name, err)
}

// attempt looks whether somebody took the step meanwhile; if not, it runs the statement and marks it. Each is a
// transaction of its own: CockroachDB wants schema changes alone.
func (m *migrator) attempt(ctx context.Context, s step) (mine bool, err error) {
	if err := m.connect(ctx); err != nil {
		return false, err
	}
	missing, err := m.missing(ctx)
	if err != nil {
		return false, err
	}
	if !slices.ContainsFunc(missing, func(other step) bool { return other.number == s.number }) {
		return false, nil
	}
	if _, err := m.conn.Exec(ctx, sql("migrations_table")); err != nil {
		return false, err
	}
	if _, err := m.conn.Exec(ctx, s.statement); err != nil {
		return false, err
	}
	tag, err := m.conn.Exec(ctx, sql("migration_done"), s.number, s.name)
	return tag.RowsAffected() == 1, err
}

// SQLSTATEs a migration meets.
const (
	stateUndefinedTable        = "42P01"
	stateInsufficientPrivilege = "42501"
)

// racing are the answers to a statement that another process runs at the same time: the server's own catalog met a
// duplicate (23505, 42P07, 42710), saw a row change under it (XX000), could not serialize (40001, 40P01, 40003), or a
// lock was not to be had (55P03).
var racing = []string{"23505", "42P07", "42710", "XX000", "40001", "40P01", "40003", "55P03"}

// repeatable tells whether a step may succeed if it is tried again. Steps may be repeated whatever became of the first
// try, so a broken connection is no obstacle.
func (m *migrator) repeatable(err error) bool {
	return slices.Contains(racing, sqlState(err)) || m.conn == nil || m.conn.IsClosed()
}

// takeTurns waits a random time that grows with the attempts, so that ten nodes do not meet again at the next one.
func takeTurns(ctx context.Context, attempt int) error {
	timer := time.NewTimer(backoff(attempt, rand.Float64()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("sqlstore: schema steps: %w", ctx.Err())
	case <-timer.C:
		return nil
	}
}

// insistOnDurability keeps P2 on PostgreSQL, where "committed" means only what the settings say. Our own connections
// wait for the sync whatever the server's default; for what only the server can set, the operator is told. Modes that
// wait for more than the local disk are left as they are.
func insistOnDurability(ctx context.Context, conn *pgx.Conn, config *pgx.ConnConfig, logf func(string, ...any)) error {
	var synchronousCommit, fsync, fullPageWrites string
	row := conn.QueryRow(ctx, sql("durability"))
	if err := row.Scan(&synchronousCommit, &fsync, &fullPageWrites); err != nil {
		return fmt.Errorf("sqlstore: the server's durability: %w", err)
	}
	if synchronousCommit == "off" {
		config.RuntimeParams["synchronous_commit"] = "on"
		logf("the server has synchronous_commit = off: holdfast sets it to on for its own connections")
	}
	if fsync == "off" {
		logf("ALARM: the server runs with fsync = off: a power loss there loses tickets that buyers were told they " +
			"have")
	}
	if fullPageWrites == "off" {
		logf("ALARM: the server runs with full_page_writes = off: a power loss there can tear pages of the log")
	}
	return nil
}
