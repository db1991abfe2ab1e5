package actors

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/storage"
)

// appendRecorder keeps what the engine had written, in the groups in which it was written.
type appendRecorder struct {
	storage.Store
	recording atomic.Bool
	mu        sync.Mutex
	groups    [][]storage.Append
}

func (r *appendRecorder) Commit(ctx context.Context, appends []storage.Append) []error {
	if r.recording.Load() {
		group := make([]storage.Append, len(appends))
		for i := range appends {
			group[i] = storage.Append{Section: appends[i].Section, Entry: appends[i].Entry}
			group[i].Entry.Body = slices.Clone(appends[i].Entry.Body)
		}
		r.mu.Lock()
		r.groups = append(r.groups, group)
		r.mu.Unlock()
	}
	return r.Store.Commit(ctx, appends)
}

func (r *appendRecorder) take() (groups [][]storage.Append) {
	r.mu.Lock()
	defer r.mu.Unlock()
	groups, r.groups = r.groups, nil
	return groups
}

// appendStatement is one of the store's own statements, by its name in the file.
func appendStatement(b *testing.B, name string) string {
	b.Helper()
	text, err := os.ReadFile("../storage/sqlstore/queries/log.sql")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "-- name: "+name+"\n")
	if !found {
		b.Fatalf("no statement %q", name)
	}
	statement, _, _ := strings.Cut(rest, "\n-- name:")
	return strings.TrimSpace(statement)
}

// bareRow is a record as the server gets it.
type bareRow struct {
	shard, kind          int16
	event, writer, batch [16]byte
	section, seq, epoch  int64
	at                   time.Time
	prev, hash, body     []byte
}

// bareRows makes rows of the recorded sizes and bytes for an event that no engine knows, so that their keys are free.
func bareRows(groups [][]storage.Append) (out [][]bareRow) {
	event := storage.NewEventID()
	seqs := map[storage.SectionNo]int64{}
	for _, group := range groups {
		rows := make([]bareRow, len(group))
		for i := range group {
			e, no := &group[i].Entry, group[i].Section.Section
			seqs[no]++
			r := bareRow{
				shard: int16(no % 64), kind: int16(e.Kind), writer: e.Writer, batch: e.Batch, section: int64(no),
				seq: seqs[no],
				epoch: int64(
					e.Epoch,
				),
				event: event,
				at:    time.UnixMilli(int64(e.At)),
				prev:  e.Prev[:],
				hash:  e.Prev[:],
				body:  e.Body,
			}
			rows[i] = r
		}
		out = append(out, rows)
	}
	return out
}

func (r *bareRow) arguments() []any {
	return []any{r.shard, r.event, r.section, r.seq, r.epoch, r.kind, r.writer, r.batch, r.at, r.prev, r.hash, r.body}
}

// mergedArguments are one array a column.
func mergedArguments(rows []bareRow) []any {
	return []any{
		column(
			rows, func(r *bareRow) int16 { return r.shard },
		), column(rows, func(r *bareRow) [16]byte { return r.event }),
		column(
			rows, func(r *bareRow) int64 { return r.section },
		), column(rows, func(r *bareRow) int64 { return r.seq }),
		column(rows, func(r *bareRow) int64 { return r.epoch }), column(rows, func(r *bareRow) int16 { return r.kind }),
		column(
			rows, func(r *bareRow) [16]byte { return r.writer },
		), column(rows, func(r *bareRow) [16]byte { return r.batch }),
		column(
			rows, func(r *bareRow) time.Time { return r.at },
		), column(rows, func(r *bareRow) []byte { return r.prev }),
		column(
			rows, func(r *bareRow) []byte { return r.hash },
		), column(rows, func(r *bareRow) []byte { return r.body }),
	}
}

func column[T any](rows []bareRow, of func(*bareRow) T) []T {
	out := make([]T, len(rows))
	for i := range rows {
		out[i] = of(&rows[i])
	}
	return out
}

// bareInsert sends every statement of a list, over so many connections at once, and gives the time.
func bareInsert(b *testing.B, url string, connections int, statements []string, arguments [][]any) time.Duration {
	b.Helper()
	pool := benchPool(b, url, connections)
	defer pool.Close()
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	start := time.Now()
	for range connections {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(arguments)); i = next.Add(1) - 1 {
				if _, err := pool.Exec(context.Background(), statements[i], arguments[i]...); err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
	return time.Since(start)
}

// benchPool is so many connections, all of them open.
func benchPool(b *testing.B, url string, connections int) *pgxpool.Pool {
	b.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		b.Fatal(err)
	}
	config.MaxConns, config.MinConns = int32(connections), int32(connections)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		b.Fatal(err)
	}
	var all sync.WaitGroup
	held := make(chan *pgxpool.Conn, connections)
	for range connections {
		all.Go(func() {
			if c, err := pool.Acquire(context.Background()); err == nil {
				held <- c
			}
		})
	}
	all.Wait()
	close(held)
	for c := range held {
		c.Release()
	}
	return pool
}

// bareGroup is what one call of Commit was given.
type bareGroup = []storage.Append

// bareRounds writes what was recorded, merged as it was over as many connections as there are lanes, then record by
// record over more.
func bareRounds(b *testing.B, url string, lanes, connections int, groups []bareGroup) (merged, single time.Duration) {
	b.Helper()
	one, many := appendStatement(b, "append"), appendStatement(b, "append_many")
	var statements []string
	var arguments [][]any
	for _, rows := range bareRows(groups) {
		if len(rows) == 1 {
			statements, arguments = append(statements, one), append(arguments, rows[0].arguments())
			continue
		}
		statements, arguments = append(statements, many), append(arguments, mergedArguments(rows))
	}
	merged = bareInsert(b, url, lanes, statements, arguments)
	statements, arguments = nil, nil
	for _, rows := range bareRows(groups) {
		for i := range rows {
			statements, arguments = append(statements, one), append(arguments, rows[i].arguments())
		}
	}
	return merged, bareInsert(b, url, connections, statements, arguments)
}
