package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/cockroachdb/cockroach-go/v2/crdb"
	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/storage"
)

// ending is one way in which a sending may end, and what has to be concluded from it.
type ending struct {
	state  string // of the server's error; when empty, err is the error
	err    error
	broken bool // the connection did not survive
	want   verdict
	silent bool // nobody there, or nobody who can write: the alert's cause, and the connection goes
	why    string
}

func (e ending) error() error {
	if e.state != "" {
		return fmt.Errorf("sending: %w", &pgconn.PgError{Code: e.state, Message: "a text that nobody may match"})
	}
	return e.err
}

// unsent is how pgx says that not a byte was sent.
type unsent struct{ error }

func (unsent) SafeToRetry() bool { return true }
func (u unsent) Unwrap() error   { return u.error }

// endings are judged by one question: could the row be there, or come to be there? Only a clear no is "refused".
var endings = []ending{
	{want: landed, why: "no error"},

	{state: "23505", want: duplicate, why: "a primary key was met; the row that stands there tells whose it is"},

	{state: "40001", want: again, why: "both servers undo a transaction that could not be serialized"},
	{state: "40P01", want: again, why: "the victim of a deadlock is undone"},

	{state: "40003", want: unknown, silent: true, why: "completion unknown: CockroachDB's own word for it"},
	{state: "40002", want: unknown, silent: true, why: "never seen from either server: not known is unknown"},
	{state: "57014", want: unknown, why: "a cancelled statement may have been past its commit on CockroachDB; " +
		"whoever cancelled it is there"},
	{state: "57P01", want: unknown, silent: true, broken: true,
		why: "terminated, perhaps while it waited for its commit's replica"},
	{state: "57P02", want: unknown, silent: true, broken: true,
		why: "crash shutdown: another backend died, ours may have committed"},
	{state: "57P05", want: unknown, silent: true, broken: true,
		why: "idle session: said to whoever used the connection next"},
	{state: "08000", want: unknown, silent: true, broken: true, why: "connection exception: where, it does not say"},
	{state: "08003", want: unknown, silent: true, broken: true, why: "connection does not exist"},
	{state: "08006", want: unknown, silent: true, broken: true, why: "connection failure, told by a pooler between"},
	{state: "08007", want: unknown, silent: true, why: "transaction resolution unknown, by name"},
	{state: "08P01", want: unknown, silent: true, broken: true,
		why: "protocol violation: who is out of step cannot know"},
	{state: "58000", want: unknown, silent: true, why: "system error outside the server"},
	{state: "58030", want: unknown, silent: true, why: "I/O error: at which step, it does not say"},
	{state: "XX000", want: unknown, silent: true, why: "internal error"},
	{state: "XX001", want: unknown, silent: true, why: "data corrupted"},
	{state: "XXUUU", want: unknown, silent: true, why: "CockroachDB's state for what it has no state for"},
	{state: "72000", want: unknown, silent: true, why: "snapshot too old; not in the list of the sure"},
	{state: "", err: &pgconn.PgError{}, broken: true, want: unknown, silent: true,
		why: "a server's error without a state, on a broken connection"},
	{state: "5", want: unknown, silent: true, why: "no SQLSTATE has one letter"},

	{state: "57P03", want: refused, silent: true, why: "starting up or shutting down: the session never began"},
	{state: "25006", want: refused, silent: true, why: "a server that only reads writes nothing; another one may be " +
		"the primary now"},
	{state: "53000", want: refused, why: "no resources: the statement is undone"},
	{state: "53100", want: refused, why: "disk full: the statement is undone, and the server answers"},
	{state: "53200", want: refused, why: "out of memory: the statement is undone"},
	{state: "53300", want: refused, silent: true, why: "too many connections: the session never began"},
	{state: "25P02", want: refused, why: "in a failed transaction nothing is executed, COMMIT rolls back"},
	{state: "25P03", want: refused, broken: true, why: "idle in transaction too long: rolled back"},
	{state: "22P02", want: refused, why: "bad value: it failed before the commit"},
	{state: "23502", want: refused, why: "a constraint that is not a key: undone"},
	{state: "28P01", want: refused, why: "wrong password: the session never began"},
	{state: "3D000", want: refused, why: "no such database"},
	{state: "42501", want: refused, why: "no right to write"},
	{state: "42P01", want: refused, why: "no such table: not migrated"},
	{state: "54000", want: refused, why: "a limit of the program"},
	{state: "55P03", want: refused, why: "lock not available in time: undone"},
	{state: "0A000", want: refused, why: "not supported: not executed"},
	{state: "26000", want: refused, why: "the prepared statement is not known (a pooler between): not executed"},

	{err: &crdb.AmbiguousCommitError{}, want: unknown, silent: true, why: "cockroach-go lost the answer to a COMMIT"},
	{err: unsent{errors.New("dial")}, broken: true, want: refused, silent: true, why: "not a byte was sent"},
	{err: unsent{pgconn.ErrConnClosed}, broken: true, want: unknown, silent: true,
		why: "pgx says so too when the line broke in the wait for an answer"},
	{err: io.ErrUnexpectedEOF, broken: true, want: unknown, silent: true, why: "the line ended before the answer"},
	{err: context.DeadlineExceeded, want: unknown, silent: true,
		why: "no answer in time, whatever became of the connection"},
	{err: context.Canceled, broken: true, want: unknown, silent: true,
		why: "the caller hung up while the statement was under way"},
	{err: storage.ErrNotFound, want: own, why: "the caller's function said so, the server said nothing"},
}

// misjudged holds the endings against what is concluded from them.
func misjudged(all []ending) (wrong []string) {
	for _, e := range all {
		err := e.error()
		v := judge(err, e.broken)
		if s := silence(v, err); v != e.want || s != e.silent {
			wrong = append(wrong, fmt.Sprintf("%q %v (broken %v): judged %d, silent %v; want %d, %v: %s",
				e.state, err, e.broken, v, s, e.want, e.silent, e.why))
		}
	}
	return wrong
}

// TestEveryEndingIsJudged guards P3 and S6.
func TestEveryEndingIsJudged(t *testing.T) {
	for _, wrong := range misjudged(endings) {
		t.Error(wrong)
	}
}

// TestMisjudgementIsSeen plants a wrong line for each right one: a table that no verdict could fail would prove
// nothing.
func TestMisjudgementIsSeen(t *testing.T) {
	for _, e := range endings {
		for planted := landed; planted <= own; planted++ {
			lie := e
			lie.want = planted
			if wrong := misjudged([]ending{lie}); (len(wrong) == 0) != (planted == e.want) {
				t.Errorf("%q: verdict %d instead of %d: %v", e.state, planted, e.want, wrong)
			}
		}
		loud := e
		loud.silent = !e.silent
		if len(misjudged([]ending{loud})) == 0 {
			t.Errorf("%q: a wrong silence goes unseen", e.state)
		}
	}
}

// TestWordsAreThePorts: whatever the server says, callers hear one of the port's two words, and the server's reason
// with it.
func TestWordsAreThePorts(t *testing.T) {
	cause := &pgconn.PgError{Code: "57014"}
	for word, err := range map[error]error{storage.ErrUnknown: doubtful(cause),
		storage.ErrUnavailable: unavailable(cause)} {
		if !errors.Is(err, word) || sqlState(err) != "57014" {
			t.Errorf("%v is not %v, or lost its cause", err, word)
		}
		if again := inWords(word, err); again != err {
			t.Errorf("said twice: %v", again)
		}
	}
}
