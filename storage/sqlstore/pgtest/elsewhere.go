package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// ElsewhereURL names, in the environment, a CockroachDB whose role may create databases, and any database that is
// there.
const ElsewhereURL = "HOLDFAST_TEST_CRDB_URL"

// Database gives the address of an empty database: on the server that ElsewhereURL names, else on the Shared one. It is
// for tests of what is true on either kind of server.
func Database(t testing.TB) string {
	t.Helper()
	address := os.Getenv(ElsewhereURL)
	if address == "" {
		return Shared(t).Database(t)
	}
	made, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("holdfast_test_%d_%d", os.Getpid(), databases.Add(1))
	elsewhere(t, address, "CREATE DATABASE "+name)
	t.Cleanup(func() { elsewhere(t, address, "DROP DATABASE IF EXISTS "+name) })
	made.Path = name
	return made.String()
}

// elsewhere runs one statement; to drop what is in use, or not empty, each kind of server wants another word.
func elsewhere(t testing.TB, address, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if strings.HasPrefix(statement, "DROP") {
		var version string
		if err := conn.QueryRow(ctx, "SELECT version()").Scan(&version); err != nil {
			t.Fatal(err)
		}
		if statement += " CASCADE"; !strings.HasPrefix(version, "CockroachDB ") {
			statement = strings.TrimSuffix(statement, " CASCADE") + " WITH (FORCE)"
		}
	}
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Error(err)
	}
}
