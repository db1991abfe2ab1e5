package sqlstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Standbys says whether a commit is on more than one machine when it is acknowledged.
type Standbys struct {
	// Waits: a failover to a standby that was waited for loses nothing.
	Waits bool
	// Says is that in words, for an operator.
	Says string
}

// Standbys asks the server whom its commits wait for. It is asked once, at a start: the server's settings may change
// later.
func (s *Store) Standbys(ctx context.Context) (Standbys, error) {
	if s.server.Cockroach {
		return Standbys{true, "commits wait for a majority of the database's replicas"}, nil
	}
	var names, commit string
	var following, waitedFor int
	err := s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		return c.QueryRow(ctx, sql("standbys")).Scan(&names, &commit, &following, &waitedFor)
	})
	if err != nil {
		return Standbys{}, fmt.Errorf("sqlstore: whom commits wait for: %w", err)
	}
	return judgeStandbys(names, commit, following, waitedFor), nil
}

func judgeStandbys(names, commit string, following, waitedFor int) Standbys {
	switch {
	case names == "":
		return Standbys{
			false,
			fmt.Sprintf("commits wait for no standby (synchronous_standby_names is empty, %d follow): "+
				"a failover, or the loss of the server's disk, loses what was acknowledged last", following),
		}
	case commit == "local" || commit == "off":
		return Standbys{
			false,
			fmt.Sprintf(
				"commits wait for no standby (synchronous_commit = %s, although synchronous_standby_names is %q): "+
					"a failover loses what was acknowledged last",
				commit,
				names,
			),
		}
	case commit == "remote_write":
		return Standbys{
			true,
			fmt.Sprintf(
				"commits wait until standbys have written them (%q, remote_write, %d of %d followers are waited for): "+
					"a power loss of primary and standby together may lose what was acknowledged last",
				names,
				waitedFor,
				following,
			),
		}
	}
	return Standbys{
		true,
		fmt.Sprintf(
			"commits wait for standbys (%q, synchronous_commit = %s, %d of %d followers are waited for)", names, commit,
			waitedFor, following,
		),
	}
}
