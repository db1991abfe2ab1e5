package sqlstore

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/actors/section"
	"holdfast/storage"
)

// shards spreads the logs over the key space. It is part of every stored key and can never change.
const shards = 64

// shardOf is the shard of a section's log: a 64-bit mix (the finalizer of SplitMix64, Steele, Lea and Flood 2014) of
// its key.
func shardOf(key storage.SectionKey) int16 {
	x := binary.BigEndian.Uint64(key.Event[:8]) ^ binary.BigEndian.Uint64(key.Event[8:]) ^ uint64(key.Section)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int16((x ^ x>>31) % shards)
}

// seen is the last entry of a log as the store saw it, when births connections had been made.
//
// A PostgreSQL standby that is promoted may lack the last records of its primary, although they were acknowledged: that
// is what the operator bought with asynchronous replication. The INSERT of a record alone would not notice. It would
// leave a hole, and beside a successor it would land behind the successor's claim, where the primary key refuses
// nothing. So a connection that is younger than what is known of a log is not trusted to know it too: the tail is read
// once more, on the server as it is now.
type seen struct {
	storage.Tail
	births int64
}

// birthName is where a connection carries its number.
const birthName = "holdfast birth"

// born numbers a new connection.
func (s *Store) born(_ context.Context, c *pgx.Conn) error {
	c.PgConn().CustomData()[birthName] = s.births.Add(1)
	return nil
}

// birthOf gives a connection's number; 0, older than anything, where no server forgets.
func birthOf(c *pgxpool.Conn) int64 {
	birth, _ := c.Conn().PgConn().CustomData()[birthName].(int64)
	return birth
}

// known gives the last entry of the log that this store has seen.
func (s *Store) known(key storage.SectionKey) (seen, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tails[key]
	return t, ok
}

// learn remembers a tail. An older one replaces a newer one only if it was seen on younger connections.
func (s *Store) learn(key storage.SectionKey, t seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.tails[key]; !ok || t.Seq > old.Seq || t.births > old.births {
		s.tails[key] = t
	}
}

// Tail implements storage.Log. What it tells of is durable: the server shows nobody a row before its commit.
func (s *Store) Tail(ctx context.Context, key storage.SectionKey) (storage.Tail, error) {
	t, err := s.look(ctx, key)
	return t.Tail, err
}

// look reads a tail and remembers it.
func (s *Store) look(ctx context.Context, key storage.SectionKey) (t seen, err error) {
	err = s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		t.births = s.births.Load() // before the question: a connection made meanwhile may lead elsewhere
		t.Tail, err = readTail(ctx, c, key)
		return err
	})
	if err != nil {
		return seen{}, err
	}
	s.learn(key, t)
	return t, nil
}

func readTail(ctx context.Context, q queryer, key storage.SectionKey) (storage.Tail, error) {
	var (
		t             storage.Tail
		kind          int16
		seq, epoch    int64
		writer, batch [16]byte
		at            time.Time
		hash          []byte
	)
	err := q.QueryRow(ctx, sql("tail"), shardOf(key), [16]byte(key.Event), int64(key.Section)).Scan(&kind, &seq, &epoch,
		&writer, &batch, &at, &hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	if len(hash) != len(t.Hash) {
		return t, &storage.CorruptError{Section: key, Seq: section.Seq(seq), Why: "hash is not 32 bytes long"}
	}
	return storage.Tail{Kind: storage.EntryKind(kind), Seq: section.Seq(seq), Epoch: section.Epoch(epoch),
		Writer: writer, Batch: batch,
		At: section.Instant(at.UnixMilli()), Hash: storage.Hash(hash)}, nil
}

// standing answers the batch of the entry at seq; ok is false when there is none.
func (s *Store) standing(ctx context.Context, key storage.SectionKey, seq section.Seq) (batch storage.BatchID, ok bool,
	err error) {
	err = s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		var id [16]byte
		err := c.QueryRow(ctx, sql("standing"), shardOf(key), [16]byte(key.Event), int64(key.Section),
			int64(seq)).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		batch, ok = id, err == nil
		return err
	})
	return batch, ok, err
}

// pageRows is how many records one read fetches: enough that the round trip does not count, few enough that a page of
// the largest records (64 KiB each) is 16 MiB.
const pageRows = 256

// stored is one row of section_log.
type stored struct {
	entry storage.Entry
	hash  storage.Hash
	odd   string // what is wrong with the row's form, if anything
}

// Read implements storage.Log. It reads page by page, one ahead, and no connection waits for visit, so visit may call
// the store.
func (s *Store) Read(ctx context.Context, key storage.SectionKey, after section.Seq,
	visit func(*storage.Entry, storage.Hash) error) error {
	pages := ahead{page: func(from section.Seq) (page []stored, err error) {
		err = s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
			page, err = readPage(ctx, c, key, from)
			return err
		})
		return page, err
	}}
	defer pages.close()
	return walk(key, after, pages.get, visit)
}

// readPage gives up to pageRows records from seq on.
func readPage(ctx context.Context, q queryer, key storage.SectionKey, from section.Seq) ([]stored, error) {
	rows, err := q.Query(ctx, sql("read"), shardOf(key), [16]byte(key.Event), int64(key.Section), int64(from),
		int64(pageRows))
	if err != nil {
		return nil, err
	}
	return pgx.AppendRows(make([]stored, 0, pageRows), rows, scanStored)
}

func scanStored(row pgx.CollectableRow) (r stored, err error) {
	var (
		kind          int16
		seq, epoch    int64
		writer, batch [16]byte
		at            time.Time
		prev, hash    []byte
	)
	if err := row.Scan(&kind, &seq, &epoch, &writer, &batch, &at, &prev, &hash, &r.entry.Body); err != nil {
		return r, err
	}
	if len(prev) != len(r.entry.Prev) || len(hash) != len(r.hash) {
		r.entry.Seq, r.odd = section.Seq(seq), "a hash is not 32 bytes long"
		return r, nil
	}
	body := r.entry.Body
	if len(body) == 0 {
		body = nil
	}
	r.hash = storage.Hash(hash)
	r.entry = storage.Entry{Kind: storage.EntryKind(kind), Seq: section.Seq(seq), Epoch: section.Epoch(epoch),
		Writer: writer, Batch: batch,
		At: section.Instant(at.UnixMilli()), Prev: storage.Hash(prev), Body: body}
	return r, nil
}

// walk follows a log from after, page by page, and verifies every record before visit sees it.
func walk(key storage.SectionKey, after section.Seq, page func(from section.Seq) ([]stored, error),
	visit func(*storage.Entry, storage.Hash) error) error {
	w := walker{key: key, after: after, visit: visit}
	for from := max(after, 1); ; { // the record before the first is read too: it vouches for the first's Prev
		rows, err := page(from)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := w.step(&rows[i]); err != nil {
				return err
			}
		}
		if len(rows) < pageRows {
			return nil
		}
		from = w.tail.Seq + 1
	}
}

type walker struct {
	key   storage.SectionKey
	after section.Seq
	visit func(*storage.Entry, storage.Hash) error
	tail  storage.Tail
}

func (w *walker) step(r *stored) (err error) {
	e := &r.entry
	switch {
	case r.odd != "":
		return &storage.CorruptError{Section: w.key, Seq: e.Seq, Why: r.odd}
	case storage.HashEntry(e) != r.hash:
		return &storage.CorruptError{Section: w.key, Seq: e.Seq, Why: "hash does not match"}
	case w.tail.Seq == 0 && w.after > 0:
		if e.Seq != w.after {
			return &storage.CorruptError{Section: w.key, Seq: w.after, Why: "record is missing"}
		}
		w.tail = e.After(r.hash)
		return nil
	}
	if w.tail, err = storage.Verify(w.key, w.tail, e, r.hash); err != nil {
		return err
	}
	return w.visit(e, r.hash)
}

// fetched is one page of a log, or why there is none.
type fetched struct {
	rows []stored
	err  error
}

// ahead fetches each next page while its caller is busy with the one before: a replay waits for the server once, not
// once a page. At most two pages are in memory.
type ahead struct {
	page func(from section.Seq) ([]stored, error)
	next chan fetched // capacity 1; nil when nothing is on its way
}

// get gives the page from a record on. Pages are asked for in order, each from where the one before ended.
func (a *ahead) get(from section.Seq) ([]stored, error) {
	var got fetched
	if a.next != nil {
		got, a.next = <-a.next, nil
	} else {
		got.rows, got.err = a.page(from)
	}
	if got.err == nil && len(got.rows) == pageRows {
		next, then := make(chan fetched, 1), got.rows[pageRows-1].entry.Seq+1
		a.next = next
		go func() {
			rows, err := a.page(then)
			next <- fetched{rows, err}
		}()
	}
	return got.rows, got.err
}

// close waits for what is on its way and drops it: a fetch that is cut short would cost its connection.
func (a *ahead) close() {
	if a.next != nil {
		<-a.next
	}
}
