package baselines

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// textbook is what most people would build: a lock a seat in Redis, which lapses by itself, and a row a booking in
// PostgreSQL.
//
//	hold     SET seat NX PX, several by one script, all or none ──► INSERT the booking
//	loser    the same SET answers whose the seat is: nothing else is asked
//	confirm  the locks, if all are still held, become sold ──► tickets and booking in one transaction
//
// Redis keeps nothing on a disk, as caches usually do not. When it crashes, seats on hold look free, and two people may
// hold one; the primary key of the tickets then lets only one of them buy it.
type textbook struct {
	*database
	redis *redis.Client
	locks locks
	run   [6]byte // keeps the keys of this process apart from older ones
	mu    sync.RWMutex
	shows map[int32]*lockedEvent
}

// lockedEvent is what the textbook keeps of an event: the key of each seat's lock.
type lockedEvent struct {
	keys []string
	ttl  time.Duration
}

// locks are the commands that are used of Redis. Those that are asked for at the same moment go out together.
type locks interface {
	redis.Scripter
	SetArgs(ctx context.Context, key string, value any, a redis.SetArgs) *redis.StatusCmd
	MGet(ctx context.Context, keys ...string) *redis.SliceCmd
}

// A lock's value is one of these letters and the booking's id.
const (
	lockHeld = 'h'
	lockSold = 's'
)

// takeAll sets all keys, or tells (by their places, from 1) which are another booking's; {0}: all are this one's
// already.
var takeAll = redis.NewScript(`
local lost, own = {}, 0
for i, value in ipairs(redis.call('MGET', unpack(KEYS))) do
  if value then
    if string.sub(value, 2) == string.sub(ARGV[1], 2) then own = own + 1 else lost[#lost + 1] = i end
  end
end
if #lost > 0 then return lost end
if own == #KEYS then return {0} end
for _, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) end
return {}`)

// swapAll changes all keys from one value to another, or none; empty is gone, and a time of 0 is for ever. Keys that
// have the new value already are as good.
var swapAll = redis.NewScript(`
for _, value in ipairs(redis.call('MGET', unpack(KEYS))) do
  if value ~= ARGV[1] and value ~= ARGV[2] then return 0 end
end
for _, key in ipairs(KEYS) do
  if ARGV[2] == '' then redis.call('DEL', key)
  elseif ARGV[3] == '0' then redis.call('SET', key, ARGV[2])
  else redis.call('SET', key, ARGV[2], 'PX', ARGV[3]) end
end
return 1`)

const (
	textbookInsert = `INSERT INTO bookings (id, buyer, event, state, seats, ttl_ms, expires_at, ceiling_at)
		VALUES ($1, $2, $3, 1, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`
	textbookExtend  = liveBooking + ` UPDATE bookings SET expires_at = $4, last_change = $3 ` + ifLive
	textbookRelease = liveBooking + ` UPDATE bookings SET state = 3, last_change = $3 ` + ifLive
	textbookConfirm = liveBooking + `, tickets AS (INSERT INTO tickets (event, seat, booking) SELECT event,
		unnest(seats), id FROM live)
		UPDATE bookings SET state = 2, last_change = $3 ` + ifLive
)

func openTextbook(ctx context.Context, name string, b *Backends) (*textbook, error) {
	d, err := openDatabase(ctx, name, b, bookingsTable, ticketsTable)
	if err != nil {
		return nil, err
	}
	t := &textbook{database: d, redis: redis.NewClient(b.redisOptions()), shows: map[int32]*lockedEvent{}}
	_, _ = rand.Read(t.run[:]) // never fails: the runtime aborts instead
	if t.locks, err = t.redis.AutoPipeline(); err != nil {
		return nil, errors.Join(fmt.Errorf("baselines: Redis: %w", err), t.close())
	}
	for _, script := range []*redis.Script{takeAll, swapAll} {
		if err := script.Load(ctx, t.redis).Err(); err != nil {
			return nil, errors.Join(fmt.Errorf("baselines: Redis: %w", err), t.close())
		}
	}
	return t, nil
}

func (b *textbook) close() error { return errors.Join(b.database.close(), b.redis.Close()) }

// create makes the names of the locks; that a seat is free is that nothing is known of it.
func (b *textbook) create(_ context.Context, e *event) error {
	var text strings.Builder
	const size = len(b.run) + 4 + 4
	text.Grow(size * len(e.rowOf))
	for seat := range e.rowOf {
		var key [size]byte
		copy(key[:], b.run[:])
		binary.BigEndian.PutUint32(key[len(b.run):], uint32(e.number))
		binary.BigEndian.PutUint32(key[len(b.run)+4:], uint32(seat))
		text.Write(key[:])
	}
	all, keys := text.String(), make([]string, len(e.rowOf))
	for seat := range keys {
		keys[seat] = all[seat*size : (seat+1)*size]
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shows[e.number] = &lockedEvent{keys, e.ttl}
	return nil
}

func (b *textbook) show(event int32) *lockedEvent {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.shows[event]
}

func (b *textbook) keys(event int32, seats []int32) []string {
	all, keys := b.show(event).keys, make([]string, len(seats))
	for i, seat := range seats {
		keys[i] = all[seat]
	}
	return keys
}

func lockValue(letter byte, booking id) string { return string(append([]byte{letter}, booking[:]...)) }

func (b *textbook) hold(ctx context.Context, t *task) (verdict, error) {
	now := time.Now() // before the locks begin, so that they end after the booking
	given, own, err := b.lock(ctx, t)
	if given != granted || err != nil {
		return given, err
	}
	return b.insert(ctx, t, now, own)
}

// lock takes the seats' locks. Own says that this booking has them already: its request was here before.
func (b *textbook) lock(ctx context.Context, t *task) (given verdict, own bool, err error) {
	if len(t.seats) > 1 {
		return b.lockSeveral(ctx, t)
	}
	mine, key := lockValue(lockHeld, t.booking), b.show(t.event.number).keys[t.seats[0]]
	holder, err := b.locks.SetArgs(ctx, key, mine, redis.SetArgs{Mode: "NX", TTL: t.event.ttl, Get: true}).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return granted, false, nil
	case err != nil:
		return tooBusy, false, redisFault(err)
	case holder[1:] == mine[1:]:
		return granted, true, nil
	}
	t.lost = append(t.lost[:0], t.seats...)
	return seatTaken, false, nil
}

func (b *textbook) lockSeveral(ctx context.Context, t *task) (given verdict, own bool, err error) {
	keys := b.keys(t.event.number, t.seats)
	places, err := takeAll.Run(ctx, b.locks, keys, lockValue(lockHeld, t.booking),
		t.event.ttl.Milliseconds()).Int64Slice()
	switch {
	case err != nil:
		return tooBusy, false, redisFault(err)
	case len(places) == 0:
		return granted, false, nil
	case places[0] == 0:
		return granted, true, nil
	}
	t.lost = t.lost[:0]
	for _, place := range places {
		t.lost = append(t.lost, t.seats[place-1])
	}
	return seatTaken, false, nil
}

// redisFault sorts an error of a lock: whether it was set or not, no booking stands behind it, and it ends by itself.
func redisFault(err error) error { return fmt.Errorf("%w: Redis: %w", errUndone, err) }

// insert files the booking whose seats are locked. When the request is known already, or PostgreSQL said no, the locks
// are given back, unless the booking that is there is what they stand for.
func (b *textbook) insert(ctx context.Context, t *task, now time.Time, own bool) (verdict, error) {
	ends, ttl := now.Add(t.event.ttl), t.event.ttl.Milliseconds()
	if own { // they were set some time ago
		if _, err := b.swap(ctx, t.event.number, t.seats, t.booking, lockHeld, lockHeld, t.event.ttl); err != nil {
			return tooBusy, err
		}
	}
	done, err := b.pool.Exec(ctx, textbookInsert, t.booking, t.buyer, t.event.number, t.seats, ttl, ends,
		now.Add(t.event.ceiling))
	if err != nil {
		if err = fault(err); errors.Is(err, errUndone) {
			err = errors.Join(err, b.unlock(ctx, t))
		}
		return tooBusy, err
	}
	if done.RowsAffected() == 1 {
		t.got = booking{id: t.booking, event: t.event.number, state: held, seats: append(t.got.seats[:0], t.seats...),
			expiresAt: ends}
		return granted, nil
	}
	given, err := b.find(ctx, t)
	if err == nil {
		err = b.unlockStray(ctx, t)
	}
	return given, err
}

// unlock gives back what this booking has locked, and nobody else's.
func (b *textbook) unlock(ctx context.Context, t *task) error {
	_, err := b.swap(ctx, t.event.number, t.seats, t.booking, lockHeld, 0, 0)
	return err
}

// unlockStray gives back what a repeat has locked and the booking found does not stand for.
func (b *textbook) unlockStray(ctx context.Context, t *task) error {
	stray := t.seats
	if t.got.state == held || t.got.state == sold {
		stray = slices.DeleteFunc(slices.Clone(t.seats), func(seat int32) bool {
			return slices.Contains(t.got.seats, seat)
		})
	}
	if len(stray) == 0 {
		return nil
	}
	_, err := b.swap(ctx, t.event.number, stray, t.booking, lockHeld, 0, 0)
	return err
}

// swap changes the locks of a booking from one letter to another, for ttl (0: for ever); to 0 they are gone. False:
// some were not its own.
func (b *textbook) swap(ctx context.Context, event int32, seats []int32, booking id, from, to byte, ttl time.Duration) (
	bool, error) {
	after := ""
	if to != 0 {
		after = lockValue(to, booking)
	}
	done, err := swapAll.Run(ctx, b.locks, b.keys(event, seats), lockValue(from, booking), after,
		ttl.Milliseconds()).Int()
	if err != nil {
		return false, redisFault(err)
	}
	return done == 1, nil
}

// best reads the locks of the section, chooses among what is free, and takes that as if it had been named.
func (b *textbook) best(ctx context.Context, t *task) (verdict, error) {
	letters, err := b.read(ctx, b.show(t.event.number).keys[t.from:t.to], nil)
	if err != nil {
		return tooBusy, err
	}
	var open []int32
	for i, letter := range letters {
		if letter == 'a' {
			open = append(open, t.from+int32(i))
		}
	}
	seats := choose(t.event, open, t.quantity, anyOf)
	if seats == nil {
		return noneLeft, nil
	}
	t.seats = append(t.seats[:0], seats...)
	given, err := b.hold(ctx, t)
	if given == seatTaken {
		given = tooBusy
	}
	return given, err
}

func (b *textbook) letters(ctx context.Context, e *event, dst []byte) ([]byte, error) {
	return b.read(ctx, b.show(e.number).keys, dst)
}

// readKeysMax is how many locks one command asks for: Redis does nothing else meanwhile.
const readKeysMax = 2000

func (b *textbook) read(ctx context.Context, keys []string, dst []byte) ([]byte, error) {
	for len(keys) > 0 {
		part := keys[:min(len(keys), readKeysMax)]
		keys = keys[len(part):]
		values, err := b.locks.MGet(ctx, part...).Result()
		if err != nil {
			return nil, redisFault(err)
		}
		for _, value := range values {
			if text, ok := value.(string); ok {
				dst = append(dst, text[0])
			} else {
				dst = append(dst, 'a')
			}
		}
	}
	return dst, nil
}

// change looks at the booking, moves the locks, and then writes: when the locks cannot be moved the hold is over,
// whatever the row says.
func (b *textbook) change(ctx context.Context, t *task, c change) (verdict, error) {
	if c == release {
		return b.giveBack(ctx, t)
	}
	now := time.Now() // before the locks begin anew, so that they end after the booking
	given, stands, err := b.look(ctx, t)
	if given != granted || err != nil {
		return given, fault(err)
	}
	if refusal := stands.refusal(t, c); refusal != granted || stands.state != held || stands.lastChange == t.request {
		return refusal, nil
	}
	if c == extend {
		return b.prolong(ctx, t, now, stands)
	}
	return b.sell(ctx, t)
}

func (b *textbook) prolong(ctx context.Context, t *task, now time.Time, stands standing) (verdict, error) {
	ends := now.Add(b.show(t.got.event).ttl)
	if stands.ceilingAt.Before(ends) {
		ends = stands.ceilingAt
	}
	mine, err := b.swap(ctx, t.got.event, t.got.seats, t.booking, lockHeld, lockHeld, ends.Sub(now))
	if err != nil {
		return tooBusy, err
	}
	if !mine {
		return b.tooLate(ctx, t, extend)
	}
	given, err := b.alter(ctx, t, textbookExtend, ends)
	if given == granted || err != nil {
		return given, fault(err)
	}
	return b.tooLate(ctx, t, extend)
}

// sell makes the locks last for ever and then sells. If that fails, they are made what they were.
func (b *textbook) sell(ctx context.Context, t *task) (verdict, error) {
	event, seats, ends := t.got.event, t.got.seats, t.got.expiresAt
	mine, err := b.swap(ctx, event, seats, t.booking, lockHeld, lockSold, 0)
	if err != nil {
		return tooBusy, err
	}
	if !mine {
		return b.tooLate(ctx, t, confirm)
	}
	given, err := b.alter(ctx, t, textbookConfirm)
	switch {
	case given == granted && err == nil:
		return granted, nil
	case sqlState(err) == sqlUnique:
		// somebody has the tickets: another request for this booking, or, after a crash of Redis, another booking
		return b.tooLate(ctx, t, confirm)
	case err != nil:
		if err = fault(err); errors.Is(err, errUndone) {
			_, undo := b.swap(ctx, event, seats, t.booking, lockSold, lockHeld, max(time.Until(ends), time.Millisecond))
			err = errors.Join(err, undo)
		}
		return tooBusy, err
	}
	given, err = b.tooLate(ctx, t, confirm)
	if err == nil && t.got.state != sold {
		_, err = b.swap(ctx, event, seats, t.booking, lockSold, 0, 0)
	}
	return given, err
}

// tooLate says why a booking that was live a moment ago is so no more. If its row is, its locks are gone.
func (b *textbook) tooLate(ctx context.Context, t *task, c change) (verdict, error) {
	given, stands, err := b.look(ctx, t)
	if given != granted || err != nil {
		return given, fault(err)
	}
	if refusal := stands.refusal(t, c); refusal != granted || stands.state != held {
		return refusal, nil
	}
	return holdExpired, nil
}

// giveBack releases: first the row, which alone says that seats are still this buyer's to give, then the locks.
func (b *textbook) giveBack(ctx context.Context, t *task) (verdict, error) {
	given, err := b.apply(ctx, t, release, textbookRelease)
	if given != granted || err != nil || t.got.state != released {
		return given, err
	}
	_, err = b.swap(ctx, t.got.event, t.got.seats, t.booking, lockHeld, 0, 0)
	return given, err
}
