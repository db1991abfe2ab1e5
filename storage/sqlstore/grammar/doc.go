// Package grammar reads every SQL statement of the store with CockroachDB's own grammar, and holds it against the
// store's rules of SQL. No CockroachDB need run for that.
//
//	../**/*.sql ──► Sources ──► one statement each ──► Parse (CockroachDB's parser) ──► tree ──► Check (rules) ──► findings
//
// It is a module of its own, because the parser brings sixty modules along that neither the server nor its other tests
// have any use for. `make test` runs it. What a grammar cannot know (does the table have that column?) is asked of a
// real PostgreSQL by the store's own tests, and of a real CockroachDB by `make test-cockroach`.
//
// A statement for PostgreSQL alone says so by its name: it, or its file, ends in _postgres. CockroachDB's alone end in
// _cockroach; they are read like all others.
package grammar
