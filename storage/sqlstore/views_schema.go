package sqlstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The projection's schema has steps of its own: it is made by whoever projects, in a schema of its own, and the
// engine's role needs no right to it.
//
//go:embed people/*.sql
var viewFiles embed.FS

var viewSteps = mustSteps(fs.Sub(viewFiles, "people"))

// postgresOnly marks the steps of people that CockroachDB has no statement for; nothing may depend on them.
const postgresOnly = "_postgres"

// Prepare implements projection.Tables. The role needs CREATE on the database, or the ownership of a schema named
// people that somebody made for it.
func (p *Views) Prepare(ctx context.Context) error {
	err := p.repeat(ctx, p.makeSchema)
	if sqlState(err) == stateInsufficientPrivilege {
		return fmt.Errorf("sqlstore: this role may not create schema people, and nobody made one that it owns: %w", err)
	}
	if err != nil {
		return fmt.Errorf("sqlstore: schema people: %w", err)
	}
	for _, s := range viewSteps {
		if err := p.repeat(ctx, func(ctx context.Context) error { return p.take(ctx, s) }); err != nil {
			return fmt.Errorf("sqlstore: schema people, step %s: %w", s.name, err)
		}
	}
	return nil
}

// repeat runs a piece of preparation, which may be repeated, until no other projector preparing at the same time is in
// the way.
func (p *Views) repeat(ctx context.Context, f func(context.Context) error) (err error) {
	for attempt := range migrationAttempts {
		if attempt > 0 {
			if err := takeTurns(ctx, attempt); err != nil {
				return err
			}
		}
		if err = f(ctx); err == nil || !slices.Contains(racing, sqlState(err)) {
			return err
		}
	}
	return err
}

// makeSchema looks before it creates: PostgreSQL asks for the right to create a schema even where IF NOT EXISTS has
// nothing to do.
func (p *Views) makeSchema(ctx context.Context) error {
	var there int64
	err := p.s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		return c.QueryRow(ctx, sql("people_schema_exists")).Scan(&there)
	})
	if err != nil {
		return err
	}
	if there == 0 {
		if _, err := p.s.exec(ctx, sql("people_schema")); err != nil {
			return err
		}
	}
	_, err = p.s.exec(ctx, sql("people_steps_table"))
	return err
}

// take applies one step unless it was taken.
func (p *Views) take(ctx context.Context, s step) error {
	taken, err := fetch(ctx, p.s.present, pgx.RowTo[int64], sql("people_steps_taken"))
	if err != nil || slices.Contains(taken, s.number) {
		return err
	}
	if !p.s.server.Cockroach || !strings.HasSuffix(s.name, postgresOnly) {
		if _, err := p.s.exec(ctx, s.statement); err != nil {
			return err
		}
	}
	_, err = p.s.exec(ctx, sql("people_step_done"), s.number, s.name)
	return err
}

// Empty implements projection.Tables.
func (p *Views) Empty(ctx context.Context) error {
	_, err := p.s.exec(ctx, sql("people_empty"))
	return err
}

// Drop implements projection.Tables. What readers built upon the views goes with them.
func (p *Views) Drop(ctx context.Context) error {
	_, err := p.s.exec(ctx, sql("people_drop"))
	return err
}
