package sqlstore

import (
	"strings"
	"testing"
)

func TestRedactedNeverTellsAPassword(t *testing.T) {
	for _, address := range []string{
		"postgres://holdfast:s3cret@db/seats", "postgres://db/seats?user=holdfast&password=s3cret", "postgres://db/seats?sslpassword=s3cret&sslmode=verify-full",
		"host=db password=s3cret", "postgres://u:1/s3cret@db/d", "postgres://u:1?s3cret@db/d", "postgres://u:#s3cret@db/d",
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
