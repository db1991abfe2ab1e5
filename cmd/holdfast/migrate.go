package main

import (
	"errors"
	"fmt"

	"holdfast/cmd/holdfast/keyfile"
	"holdfast/storage/sqlstore"
)

type migrateCommand struct {
	Store string `required:"" help:"The database: postgres://USER@HOST/NAME. Keep passwords in HOLDFAST_STORE or a passfile." placeholder:"URL"`
}

// Help is shown by holdfast migrate --help.
func (migrateCommand) Help() string {
	return `Examples:

  holdfast migrate --store 'postgres://owner@db.example/holdfast?sslmode=verify-full'
  HOLDFAST_STORE='postgres://owner:…@db.example/holdfast' holdfast migrate

Applies the schema steps that the database does not have yet, in order, one statement each, and prints their names. Run it as the role
that owns the tables; servers then start with --no-migrate as a role that may only append. It may run beside servers and beside
itself, and changes nothing when nothing is missing.`
}

// Run brings the schema up to what this build needs.
func (m *migrateCommand) Run(c *console) error {
	if err := keyfile.CheckStore(m.Store); err != nil {
		return err
	}
	applied, err := sqlstore.Migrate(c.ctx, m.Store, sqlstore.Options{})
	for _, step := range applied {
		if _, printErr := fmt.Fprintln(c.out, "applied", step); printErr != nil {
			return errors.Join(err, printErr)
		}
	}
	if err == nil && len(applied) == 0 {
		_, err = fmt.Fprintln(c.out, "nothing to do: the schema is what this build needs")
	}
	return err
}
