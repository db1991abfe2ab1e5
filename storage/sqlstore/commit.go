package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/actors/section"
	"holdfast/storage"
)

// groupBytes bounds the bodies in one merged statement: beyond it a larger message only delays the ones behind it.
const groupBytes = 1 << 20

// sending is one append that continues the log as far as this store knows it.
type sending struct {
	*storage.Append
	hash   storage.Hash
	births int64  // see seen: how young a connection may know the entry before
	err    *error // where its answer goes
}

// errYounger says that nothing was sent, because the connection is younger than what is known of the log.
var errYounger = errors.New("sqlstore: the connection is younger than what is known of the log")

// Commit implements storage.Log. Appends that continue what this store knows of their logs cost one statement and no
// read; see doc.go for why that is a fence. Each append's answer is its own; the call returns when all have one.
func (s *Store) Commit(ctx context.Context, appends []storage.Append) []error {
	errs := make([]error, len(appends))
	ready := make([]sending, 0, len(appends))
	var all sync.WaitGroup
	for i := range appends {
		a := sending{Append: &appends[i], err: &errs[i]}
		if t, ok := s.known(a.Section); ok && follows(t.Tail, a.Append) {
			a.hash, a.births = storage.HashEntry(&a.Entry), t.births
			ready = append(ready, a)
			continue
		}
		all.Go(func() { *a.err = s.commitUnsure(ctx, a) })
	}
	for len(ready) > 0 {
		n := s.groupEnd(ready)
		group := ready[:n]
		ready = ready[n:]
		if len(ready) == 0 {
			s.commitGroup(ctx, group) // the caller's goroutine does the last one itself
			break
		}
		all.Go(func() { s.commitGroup(ctx, group) })
	}
	all.Wait()
	if ctx.Err() == nil { // the caller's own impatience says nothing of the server
		s.stats.appends.judge(errs, time.Now(), s.stats.Reachable(), s.options.Alarm)
	}
	return errs
}

// follows tells that the append plainly continues t and nothing need be read to know it.
func follows(t storage.Tail, a *storage.Append) bool {
	return len(a.Entry.Body) <= storage.BodyBytesMax && storage.Continues(t, &a.Entry) == nil
}

// groupEnd gives how many of the first appends may share a statement.
func (s *Store) groupEnd(ready []sending) int {
	bytes := 0
	for i, a := range ready {
		bytes += len(a.Entry.Body)
		if i > 0 && (i >= s.group || bytes > groupBytes || len(a.Refund) > 0 || len(ready[0].Refund) > 0) {
			return i
		}
	}
	return len(ready)
}

// commitUnsure asks the log before it writes: at a section's first append, and whenever what is known does not fit.
func (s *Store) commitUnsure(ctx context.Context, a sending) error {
	if ctx.Err() != nil {
		return unavailable(ctx.Err())
	}
	t, err := s.look(ctx, a.Section)
	if err != nil {
		return notWritten(err)
	}
	write, err := storage.Judge(t.Tail, a.Append, func(seq section.Seq) (storage.BatchID, error) {
		batch, ok, err := s.standing(ctx, a.Section, seq)
		if err == nil && !ok {
			err = &storage.CorruptError{Section: a.Section, Seq: seq, Why: "record is missing"}
		}
		return batch, err
	})
	switch {
	case err != nil:
		return err
	case !write:
		return s.assure(ctx)
	}
	a.hash, a.births = storage.HashEntry(&a.Entry), t.births
	s.commitGroup(ctx, []sending{a})
	return *a.err
}

// notWritten says of a failure before the write that nothing was written; damage keeps its own name.
func notWritten(err error) error {
	var corrupt *storage.CorruptError
	if errors.As(err, &corrupt) {
		return err
	}
	return unavailable(err)
}

// commitGroup sends a group in one statement and files every member's answer. A group that meets a duplicate key was
// refused whole; then each goes alone, and only the one whose key it was is refused.
func (s *Store) commitGroup(ctx context.Context, group []sending) {
	duplicateKey, err := s.sendGroup(ctx, group)
	switch {
	case err == nil:
		for i := range group {
			group[i].landed(s)
		}
	case duplicateKey && len(group) == 1:
		group[0].meet(ctx, s)
	case duplicateKey:
		for i := range group {
			s.commitGroup(ctx, group[i:i+1])
		}
	case errors.Is(err, errYounger):
		var all sync.WaitGroup
		for _, a := range group {
			all.Go(func() { *a.err = s.commitUnsure(ctx, a) })
		}
		all.Wait()
	default:
		for i := range group {
			*group[i].err = err
		}
	}
}

// sendGroup waits for a slot and sends.
func (s *Store) sendGroup(ctx context.Context, group []sending) (duplicateKey bool, err error) {
	select {
	case s.appending <- struct{}{}:
	case <-ctx.Done():
		return false, unavailable(ctx.Err())
	}
	defer func() { <-s.appending }()
	return s.write(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		if !s.knowsAll(c, group) {
			return errYounger
		}
		s.stats.Appends.Add(1)
		switch {
		case len(group) > 1:
			return sendMany(ctx, c, group)
		case len(group[0].Refund) > 0:
			return group[0].sendRefunding(ctx, c)
		}
		statement, args := group[0].statement()
		_, err := c.Exec(ctx, statement, args...)
		return err
	})
}

// knowsAll tells whether the connection is old enough to know what the group continues, and notes how old it is for
// those who follow.
func (s *Store) knowsAll(c *pgxpool.Conn, group []sending) bool {
	births, birth := s.births.Load(), birthOf(c)
	for i := range group {
		if group[i].births < birth {
			return false
		}
	}
	for i := range group {
		group[i].births = births
	}
	return true
}

func (a *sending) landed(s *Store) {
	s.stats.Records.Add(1)
	s.learn(a.Section, seen{a.Entry.After(a.hash), a.births})
	*a.err = nil
}

// assure makes sure that what the server shows of its log is durable, before it is acknowledged because it stands. On
// PostgreSQL with synchronous standbys it need not be: a commit that waits for them is shown to everybody as soon as
// the one who waits hangs up (and after a restart), and is lost if the primary is. A commit that is confirmed now has
// everything before it on the standbys too.
func (s *Store) assure(ctx context.Context) error {
	if s.server.Cockroach {
		return nil
	}
	if _, err := s.exec(ctx, sql("assure")); err != nil {
		return doubtful(err)
	}
	return nil
}

// meet asks the log who stands where the append was to go. Only a row answers: a read that finds nothing proves nothing
// about the log, but then the key that was met is a ticket's.
func (a *sending) meet(ctx context.Context, s *Store) {
	batch, ok, err := s.standing(ctx, a.Section, a.Entry.Seq)
	switch {
	case err != nil:
		*a.err = doubtful(err) // an earlier sending may be the row that was met
	case ok && batch == a.Entry.Batch:
		if *a.err = s.assure(ctx); *a.err == nil {
			a.landed(s)
		}
	case ok:
		*a.err = a.fenced(ctx, s)
	case len(a.Sell) > 0:
		*a.err = storage.ErrTicketTaken
	default:
		*a.err = doubtful(fmt.Errorf("a duplicate key at record %d, where no record is", a.Entry.Seq))
	}
}

// fenced names the present owner.
func (a *sending) fenced(ctx context.Context, s *Store) error {
	t, err := s.Tail(ctx, a.Section)
	if err != nil {
		return doubtful(err) // fenced for sure, but by whom? the same append asked again will tell
	}
	return &storage.FencedError{Section: a.Section, Tail: t}
}

// statement gives the one statement that is the append, and its arguments.
func (a *sending) statement() (statement string, args []any) {
	if len(a.Sell) == 0 {
		return sql("append"), a.record()
	}
	return sql("append_selling"), append(a.record(), a.sold()...)
}

func (a *sending) record() []any {
	e := &a.Entry
	return []any{
		shardOf(a.Section), uuid(a.Section.Event), int64(a.Section.Section), int64(e.Seq), int64(e.Epoch),
		int16(e.Kind),
		uuid(e.Writer), uuid(e.Batch), stamp(e.At), e.Prev[:], a.hash[:], body(e),
	}
}

func (a *sending) sold() []any {
	seats, bookings := make([]int64, len(a.Sell)), make([]int64, len(a.Sell))
	for i, row := range a.Sell {
		seats[i], bookings[i] = int64(row.Seat), int64(row.Booking)
	}
	return []any{seats, bookings}
}

// refunding is the text of sendRefunding's message; its statements share their parameters' numbers.
var refunding = strings.Join([]string{sql("begin"), sql("refund_tickets"), sql("append_selling"), sql("commit")}, ";\n")

// sendRefunding is a transaction of its own, in one round trip: tickets are deleted before the record's statement
// inserts, so that a seat may be given back and sold again in one record. The server skips what follows an error, the
// commit too.
//
// It is one message of the simple protocol, of which the server executes nothing before it has the whole. Were it four
// messages in a pipeline, the first of them could arrive without the rest (an owner that was stopped while it wrote, a
// line that broke), and the record's key would stay locked in the successor's way as long as the connection stays open:
// no timeout of the server's runs between messages of a pipeline.
func (a *sending) sendRefunding(ctx context.Context, c *pgxpool.Conn) error {
	seats := make([]int64, len(a.Refund))
	for i, seat := range a.Refund {
		seats[i] = int64(seat)
	}
	args := slices.Concat([]any{pgx.QueryExecModeSimpleProtocol}, a.record(), a.sold(), []any{seats})
	_, err := c.Exec(ctx, refunding, args...)
	return err
}

// sendMany is append_many, or append_many_selling when any of the group sells.
func sendMany(ctx context.Context, c *pgxpool.Conn, group []sending) error {
	n := len(group)
	var (
		shard, kind                  = make([]int16, n), make([]int16, n)
		event, writer, batch         = make([][16]byte, n), make([][16]byte, n), make([][16]byte, n)
		sectionNo, seq, epoch        = make([]int64, n), make([]int64, n), make([]int64, n)
		at                           = make([]time.Time, n)
		prev, hash, bodies           = make([][]byte, n), make([][]byte, n), make([][]byte, n)
		soldEvent                    [][16]byte
		soldSection, seats, bookings []int64
	)
	for i := range group {
		a, e := &group[i], &group[i].Entry
		shard[i], kind[i] = shardOf(a.Section), int16(e.Kind)
		event[i], writer[i], batch[i] = a.Section.Event, e.Writer, e.Batch
		sectionNo[i], seq[i], epoch[i] = int64(a.Section.Section), int64(e.Seq), int64(e.Epoch)
		at[i] = stamp(e.At)
		prev[i], hash[i], bodies[i] = e.Prev[:], a.hash[:], body(e)
		for _, row := range a.Sell {
			soldEvent, soldSection = append(soldEvent, a.Section.Event), append(soldSection, int64(a.Section.Section))
			seats, bookings = append(seats, int64(row.Seat)), append(bookings, int64(row.Booking))
		}
	}
	args := []any{shard, event, sectionNo, seq, epoch, kind, writer, batch, at, prev, hash, bodies}
	statement := sql("append_many")
	if len(seats) > 0 {
		statement, args = sql("append_many_selling"), append(args, soldEvent, soldSection, seats, bookings)
	}
	_, err := c.Exec(ctx, statement, args...)
	return err
}

// stamp is an Instant as the servers keep it: to the microsecond, so nothing of its milliseconds is lost.
func stamp(at section.Instant) time.Time { return time.UnixMilli(int64(at)).UTC() }

// uuid is an id in the type that pgx can also write as text; [16]byte it can only write when the server has told the
// parameter's type.
func uuid[ID ~[16]byte](id ID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

// body is never NULL.
func body(e *storage.Entry) []byte {
	if e.Body == nil {
		return []byte{}
	}
	return e.Body
}
