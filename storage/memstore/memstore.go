package memstore

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Store is a handle on data in memory. Handles made by Reopen share the data; closing one does not touch it.
type Store struct {
	data   *data
	closed atomic.Bool
}

type data struct {
	mu        sync.RWMutex
	logs      map[storage.SectionKey]*log
	tickets   map[storage.SectionKey]map[section.SeatIndex]section.BookingNo
	snapshots map[storage.SectionKey]storage.Snapshot
	events    map[storage.EventID]*storage.Event
	venues    map[storage.EventID][]byte
	nodes     map[storage.WriterID]storage.NodeBeat
	keys      map[section.RequestID]storage.OperatorKey
	eventKeys map[storage.EventID]storage.EventKey
	contacts  map[string]storage.Contact
	feed      map[string][]byte
	secret    *[32]byte // nil until it is asked for or brought

	ticketKeys []storage.TicketKey
}

// log holds one section's entries in stored form; record seq is at index seq-1.
type log struct {
	tail    storage.Tail
	records []record
	rows    []rowChange // what the records did to the tickets, for Lose
}

// rowChange is a row that a record made, or removed.
type rowChange struct {
	seq  section.Seq
	row  section.Ticket
	gone bool
}

type record struct {
	batch  storage.BatchID
	hash   storage.Hash
	stored []byte
}

var _ storage.Store = (*Store)(nil)

// New makes an empty store.
func New() *Store {
	return &Store{data: &data{
		logs:      make(map[storage.SectionKey]*log),
		tickets:   make(map[storage.SectionKey]map[section.SeatIndex]section.BookingNo),
		snapshots: make(map[storage.SectionKey]storage.Snapshot),
		events:    make(map[storage.EventID]*storage.Event),
		venues:    make(map[storage.EventID][]byte),
		nodes:     make(map[storage.WriterID]storage.NodeBeat),
		keys:      make(map[section.RequestID]storage.OperatorKey),
		eventKeys: make(map[storage.EventID]storage.EventKey),
		contacts:  make(map[string]storage.Contact),
		feed:      make(map[string][]byte),
	}}
}

// Reopen makes another handle on the same data: a second node, or the same one after a restart.
func (s *Store) Reopen() *Store { return &Store{data: s.data} }

// Close makes every later call on this handle answer storage.ErrUnavailable.
func (s *Store) Close() error {
	s.closed.Store(true)
	return nil
}

// usable is nil while the handle is open and the caller still wants an answer.
func (s *Store) usable(ctx context.Context) error {
	if s.closed.Load() || ctx.Err() != nil {
		return storage.ErrUnavailable
	}
	return nil
}

// Commit implements storage.Log.
func (s *Store) Commit(ctx context.Context, appends []storage.Append) []error {
	errs := make([]error, len(appends))
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	for i := range appends {
		if errs[i] = s.usable(ctx); errs[i] == nil {
			errs[i] = s.data.append(&appends[i])
		}
	}
	return errs
}

func (d *data) append(a *storage.Append) error {
	l := d.logs[a.Section]
	if l == nil {
		l = &log{}
	}
	write, err := storage.Judge(l.tail, a, func(seq section.Seq) (storage.BatchID, error) {
		return l.records[seq-1].batch, nil
	})
	if err != nil || !write {
		return err
	}
	if err := d.applyTickets(l, a); err != nil {
		return err
	}
	stored := storage.AppendEntry(make([]byte, 0, storage.EntrySize(&a.Entry)), &a.Entry)
	hash := storage.HashStored(stored)
	l.records = append(l.records, record{batch: a.Entry.Batch, hash: hash, stored: stored})
	l.tail = a.Entry.After(hash)
	d.logs[a.Section] = l
	return nil
}

func (d *data) applyTickets(l *log, a *storage.Append) error {
	rows := d.tickets[a.Section]
	err := storage.CheckTickets(a, func(seat section.SeatIndex) (bool, error) {
		_, taken := rows[seat]
		return taken, nil
	})
	if err != nil {
		return err
	}
	if rows == nil {
		rows = make(map[section.SeatIndex]section.BookingNo)
		d.tickets[a.Section] = rows
	}
	for _, seat := range a.Refund {
		if booking, there := rows[seat]; there {
			l.rows = append(l.rows, rowChange{a.Entry.Seq, section.Ticket{Seat: seat, Booking: booking}, true})
		}
		delete(rows, seat)
	}
	for _, row := range a.Sell {
		rows[row.Seat] = row.Booking
		l.rows = append(l.rows, rowChange{a.Entry.Seq, row, false})
	}
	return nil
}

// Tail implements storage.Log.
func (s *Store) Tail(ctx context.Context, key storage.SectionKey) (storage.Tail, error) {
	if err := s.usable(ctx); err != nil {
		return storage.Tail{}, err
	}
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	if l := s.data.logs[key]; l != nil {
		return l.tail, nil
	}
	return storage.Tail{}, nil
}

// Read implements storage.Log. visit runs outside the store's lock, so it may call the store.
func (s *Store) Read(
	ctx context.Context, key storage.SectionKey, after section.Seq, visit func(*storage.Entry, storage.Hash) error,
) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.RLock()
	var records []record
	if l := s.data.logs[key]; l != nil {
		records = l.records // stored entries are never changed in place, only appended
	}
	s.data.mu.RUnlock()
	var tail storage.Tail
	for i := range records {
		seq := section.Seq(i + 1)
		if seq < after {
			continue
		}
		entry, err := records[i].decode(key, seq)
		if err != nil {
			return err
		}
		if seq == after {
			tail = entry.After(records[i].hash)
			continue
		}
		if tail, err = storage.Verify(key, tail, &entry, records[i].hash); err != nil {
			return err
		}
		if err := visit(&entry, records[i].hash); err != nil {
			return err
		}
	}
	return nil
}

func (r *record) decode(key storage.SectionKey, seq section.Seq) (storage.Entry, error) {
	if storage.HashStored(r.stored) != r.hash {
		return storage.Entry{}, &storage.CorruptError{Section: key, Seq: seq, Why: "hash does not match"}
	}
	entry, err := storage.DecodeEntry(r.stored)
	if err != nil {
		return entry, &storage.CorruptError{Section: key, Seq: seq, Why: err.Error()}
	}
	return entry, nil
}

// Damage flips one bit in the stored form of an entry, for tests of readers. It panics when there is no such entry.
func (s *Store) Damage(key storage.SectionKey, seq section.Seq) {
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	records := slices.Clone(s.data.logs[key].records) // a Read under way keeps the sound ones
	stored := slices.Clone(records[seq-1].stored)
	stored[len(stored)-1] ^= 1
	records[seq-1].stored = stored
	s.data.logs[key].records = records
}

// Lose takes a section's newest records away, with their tickets and snapshot, as a failover to a stand-by does that
// lacked them: record last is the newest one then. What is left is whole. It panics when there is no such record.
func (s *Store) Lose(key storage.SectionKey, last section.Seq) {
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	l, rows := s.data.logs[key], s.data.tickets[key]
	kept := len(l.rows)
	for ; kept > 0 && l.rows[kept-1].seq > last; kept-- {
		if c := &l.rows[kept-1]; c.gone {
			rows[c.row.Seat] = c.row.Booking
		} else {
			delete(rows, c.row.Seat)
		}
	}
	entry, err := l.records[last-1].decode(key, last)
	if err != nil {
		panic(err)
	}
	s.data.logs[key] = &log{
		tail: entry.After(l.records[last-1].hash), records: slices.Clone(l.records[:last]),
		rows: slices.Clone(l.rows[:kept]),
	}
	if s.data.snapshots[key].Seq > last {
		delete(s.data.snapshots, key)
	}
}

// Sections implements storage.Store.
func (s *Store) Sections(ctx context.Context) ([]storage.SectionKey, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	return slices.SortedFunc(maps.Keys(s.data.logs), storage.SectionKey.Compare), nil
}
