package sqlstore

import (
	"strings"
	"testing"
)

func TestRedactedNeverTellsAPassword(t *testing.T) {
	for _, address := range []string{
		"postgres://holdfast:s3cret@db/seats", "postgres://db/seats?user=holdfast&password=s3cret",
		"postgres://db/seats?sslpassword=s3cret&sslmode=verify-full",
		"host=db password=s3cret", "postgres://u:1/s3cret@db/d", "postgres://u:1?s3cret@db/d",
		"postgres://u:#s3cret@db/d",
		"postgres://holdfast:s3cret%zz@db/seats", "s3cret",
	} {
		if got := Redacted(address); strings.Contains(got, "s3cret") {
			t.Errorf("%s is told as %s", address, got)
		}
	}
	if got := Redacted("postgres://holdfast@db:5432/seats?sslmode=verify-full"); got != "postgres://holdfast@db:5432/seats?sslmode=verify-full" {
		t.Errorf("an address without a password is told as %s", got)
	}
}

func TestExposedIsLessThanVerifyFullToAnotherMachine(t *testing.T) {
	for address, want := range map[string]bool{
		"postgres://holdfast@db.example/seats":                                  true, // prefer: encrypted, or not
		"postgres://holdfast@db.example/seats?sslmode=disable":                  true,
		"postgres://holdfast@db.example/seats?sslmode=require":                  true,
		"postgres://holdfast@db.example/seats?sslmode=verify-full":              false,
		"postgres://holdfast@127.0.0.1,db.example/seats?sslmode=disable":        true,
		"postgres://holdfast@127.0.0.1/seats?sslmode=disable":                   false,
		"postgres://holdfast@localhost/seats":                                   false,
		"postgres:///seats?host=/var/run/postgresql":                            false,
		"postgres://holdfast@[::1]:5432,[::1]:5433/seats?sslmode=disable":       false,
		"postgres://holdfast@one.example,two.example/seats?sslmode=verify-full": false,
	} {
		if got := Exposed(address); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}
