package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/cockroach-go/v2/crdb"
	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/storage"
)

// verdict says what the end of one sending means for what was sent. It is decided by SQLSTATE and by the state of the
// connection, never by an error's text.
type verdict uint8

const (
	landed    verdict = iota // no error
	again                    // surely not written, by no fault of the statement: send it again at once
	duplicate                // a primary key was met: surely not written now, perhaps by an earlier sending
	refused                  // surely not written: the server said no, or never got it
	unknown                  // it may be there or not; sending the same again is the only way to learn
	own                      // not the server's error: the caller's function said stop
)

// SQLSTATEs with a meaning of their own.
const (
	stateUniqueViolation   = "23505"
	stateSerialization     = "40001"
	stateCancelled         = "57014" // somebody asked for it, or a time limit: the server is well
	stateCompletionUnknown = "40003" // CockroachDB's "ambiguous result"
	stateDeadlock          = "40P01"
	stateCannotConnectNow  = "57P03" // starting up, shutting down: nothing was taken
	stateReadOnly          = "25006" // a standby, or a server that was demoted
	stateTooMany           = "53300" // no session was given: the server was not reached
)

// sureClasses are the classes of SQLSTATE after which nothing was written, because the statement never ran or was
// undone whole: bad statement or data, rights, limits, locks. Whatever is not listed (57014 and 57P01, which can
// interrupt a commit; 08 and 58, where the server itself is unsure; XX) is unknown: an unknown outcome must never be
// told as a failure, while the reverse only costs another sending.
var sureClasses = map[string]bool{
	"0A": true, "22": true, "23": true, "25": true, "26": true, "28": true, "3D": true, "3F": true, "42": true,
	"53": true, "54": true, "55": true, "P0": true,
}

// sqlState is the error's SQLSTATE, or "" when the server sent none.
func sqlState(err error) string {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		return answer.Code
	}
	return ""
}

// judge reads the end of one sending. broken tells that the connection did not survive it.
func judge(err error, broken bool) verdict {
	var ambiguous *crdb.AmbiguousCommitError
	switch state := sqlState(err); {
	case err == nil:
		return landed
	case errors.As(err, &ambiguous):
		return unknown
	case state != "":
		return judgeState(state)
	case errors.Is(err, pgconn.ErrConnClosed):
		// pgx calls this one safe to retry, but a multi-result read also says it of a line that broke while the answer
		// was awaited.
		return unknown
	case pgconn.SafeToRetry(err): // failed before a byte was sent
		return refused
	case broken || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		return unknown
	}
	return own
}

func judgeState(state string) verdict {
	switch {
	case state == stateUniqueViolation:
		return duplicate
	case state == stateSerialization || state == stateDeadlock:
		return again
	case state == stateCannotConnectNow:
		return refused
	case len(state) == 5 && sureClasses[state[:2]]:
		return refused
	}
	return unknown
}

// silence tells whether the server's answer was none: nobody there, or nobody who can write. A server that is full, or
// out of memory, has answered: what it does not take is another matter, see appends.
func silence(v verdict, err error) bool {
	state := sqlState(err)
	return v == unknown && state != stateCancelled || v == refused &&
		(state == "" || state == stateCannotConnectNow || state == stateReadOnly || state == stateTooMany)
}

var errClosed = errors.New("the store is closed")

// unavailable says "surely not written" in the port's words.
func unavailable(err error) error { return inWords(storage.ErrUnavailable, err) }

// doubtful says "it may be there" in the port's words.
func doubtful(err error) error { return inWords(storage.ErrUnknown, err) }

func inWords(word, err error) error {
	if errors.Is(err, word) {
		return err
	}
	return fmt.Errorf("%w: %w", word, err)
}
