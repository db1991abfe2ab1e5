package baselines

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The tables of the baselines that keep a row a seat. Nothing that changes is in an index and pages have room, so that
// an update touches no index (HOT). A booking's id is the hash of its request, so that one index finds it and keeps a
// repeat from booking twice.
const (
	bookingsTable = `CREATE TABLE bookings (id UUID PRIMARY KEY, buyer UUID NOT NULL, last_change UUID, expires_at
		TIMESTAMPTZ NOT NULL,
		ceiling_at TIMESTAMPTZ NOT NULL, event INT4 NOT NULL, ttl_ms INT4 NOT NULL, state INT2 NOT NULL, seats INT4[]
			NOT NULL) WITH (fillfactor = 80)`
	// ticketsTable is the second guard: whatever else fails, a seat is not sold twice.
	ticketsTable = `CREATE TABLE tickets (event INT4, seat INT4, booking UUID NOT NULL, PRIMARY KEY (event, seat))`
	seatsTable   = `CREATE TABLE seats (booking UUID, held_until TIMESTAMPTZ, version INT8 NOT NULL DEFAULT 0, event
		INT4, seat INT4,
		state INT2 NOT NULL DEFAULT 0, PRIMARY KEY (event, seat)) WITH (fillfactor = 50)`
	fillSeats = `INSERT INTO seats (event, seat) SELECT $1, n FROM generate_series(0, $2::INT4 - 1) AS n`
)

const whyNot = `SELECT (SELECT expires_at FROM made), CASE WHEN {none} THEN EXISTS (SELECT 1 FROM bookings WHERE id =
	$3) ELSE false END,
	CASE WHEN {none} THEN ARRAY(SELECT seat FROM seats WHERE event = $1 AND NOT {free} AND seat `

// words stand for what the statements have in common. A lapsed hold is free for whoever comes next: nobody sweeps.
var words = strings.NewReplacer(
	"{free}", "(seats.state = 0 OR seats.state = 1 AND seats.held_until <= now())",
	"{held}", "SET state = 1, booking = $3, held_until = now() + $5::INT4 * interval '1 ms'",
	// {one} and {all} file the booking of the seats in taken, if there are any, and tell when it ends. A part of
	// several seats violates NOT NULL: the statement then has done nothing.
	"{one}", "{file} ARRAY[seat], {times} FROM taken RETURNING expires_at",
	"{all}", "{file} CASE WHEN count(*) = cardinality($2::INT4[]) THEN $2::INT4[] END, {times} FROM taken HAVING "+
		"count(*) > 0 RETURNING expires_at",
	// {told} is the end of the hold. {why one} and {why all} tell a loser as well whether the same was granted before,
	// and which seats somebody has; for a winner nothing of that is looked up.
	"{told}", "SELECT (SELECT expires_at FROM made), false, NULL::INT4[]",
	"{why one}", whyNot+"= $2) END",
	"{why all}", whyNot+"= ANY($2)) END",
	"{none}", "NOT EXISTS (SELECT 1 FROM taken)",
	// {in open}: seats that were locked, in rising order so that two buyers never wait for each other; all that are
	// wished for, or none.
	"{in open}", "seat = ANY(ARRAY(SELECT seat FROM open)) AND (SELECT count(*) FROM open) = cardinality($2::INT4[])",
	"{file}", "INSERT INTO bookings (id, buyer, event, state, seats, ttl_ms, expires_at, ceiling_at) SELECT "+
		"$3::UUID, $4::UUID, $1::INT4, 1,",
	"{times}", "$5::INT4, now() + $5::INT4 * interval '1 ms', now() + $6::INT4 * interval '1 ms'",
)

// expand replaces words, and words in words.
func expand(text string) string { return words.Replace(words.Replace(text)) }

// UUIDValue and ScanUUID are how pgx writes and reads an id; NULL is the zero one.
func (i id) UUIDValue() (pgtype.UUID, error) { return pgtype.UUID{Bytes: i, Valid: true}, nil }

// ScanUUID reads an id.
func (i *id) ScanUUID(v pgtype.UUID) error {
	*i = v.Bytes
	return nil
}

// What every baseline asks of a booking. Changes take seats before bookings, always, so that two of them never wait for
// each other; and what the seats do not agree to violates NOT NULL, so that the statement has done nothing.
const (
	findBooking = `SELECT event, state, seats, expires_at, expires_at <= now(), ceiling_at, last_change
		FROM bookings WHERE id = $1 AND buyer = $2`
	liveBooking = `WITH live AS (SELECT id, event, seats, LEAST(now() + ttl_ms * interval '1 ms', ceiling_at) AS later
		FROM bookings
		WHERE id = $1 AND buyer = $2 AND state = 1 AND expires_at > now())`
	hisSeats = `FROM live WHERE seats.event = live.event AND seats.seat = ANY(live.seats) AND seats.booking = $1 AND
		seats.state = 1
		RETURNING seats.event, seats.seat`
	ifWhole = `seats = CASE WHEN (SELECT count(*) FROM touched) = cardinality(bookings.seats) THEN bookings.seats END,
		last_change = $3
		` + ifLive
	ifLive = `FROM live WHERE bookings.id = live.id AND bookings.state = 1
		RETURNING bookings.event, bookings.state, bookings.seats, bookings.expires_at`

	extendSeats = liveBooking + `, touched AS (UPDATE seats SET held_until = live.later, version = version + 1
		` + hisSeats + `)
		UPDATE bookings SET expires_at = live.later, ` + ifWhole
	releaseSeats = liveBooking + `, touched AS (UPDATE seats SET state = 0, booking = NULL, held_until = NULL, version =
		version + 1 ` + hisSeats + `)
		UPDATE bookings SET state = 3, ` + ifWhole
	confirmSeats = liveBooking + `, touched AS (UPDATE seats SET state = 2, version = version + 1 ` + hisSeats + `),
		tickets AS (INSERT INTO tickets (event, seat, booking) SELECT event, seat, $1 FROM touched)
		UPDATE bookings SET state = 2, ` + ifWhole

	readLetters = `SELECT string_agg(CASE WHEN {free} THEN 'a' WHEN state = 1 THEN 'h' ELSE 's' END, '') FROM
		(SELECT state, held_until FROM seats WHERE event = $1 ORDER BY seat) AS seats`
	readFree = `SELECT seat FROM seats WHERE event = $1 AND seat >= $2 AND seat < $3 AND {free} ORDER BY seat LIMIT $4`
)

// database is a pool of connections to PostgreSQL and what all baselines on it have in common.
type database struct{ pool *pgxpool.Pool }

// openDatabase makes a schema of the baseline's own, empty, and opens the pool. Statements are prepared once a
// connection (pgx does that).
func openDatabase(ctx context.Context, name string, b *Backends, tables ...string) (*database, error) {
	config, err := pgxpool.ParseConfig(b.PostgresURL)
	if err != nil {
		return nil, fmt.Errorf("baselines: PostgreSQL: %w", err)
	}
	schema := "holdfast_peer_" + strings.ReplaceAll(name, "-", "_")
	config.MaxConns = int32(b.connections())
	config.MinConns = config.MaxConns // a connection that is made during the sale is a slow request
	config.MaxConnIdleTime = time.Hour
	parameters := config.ConnConfig.RuntimeParams
	parameters["search_path"], parameters["application_name"], parameters["statement_timeout"] = schema,
		"holdfast-peer-"+name, "20s"
	parameters["plan_cache_mode"] = "force_generic_plan" // planning anew costs more than any of these statements
	// By the index, rows are locked in the order of their keys, however small a table is: two buyers who want the same
	// seats, or one who gives them back, never wait for each other (PostgreSQL would notice only a second later).
	parameters["enable_seqscan"], parameters["enable_bitmapscan"] = "off", "off"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("baselines: PostgreSQL: %w", err)
	}
	tables = append([]string{"DROP SCHEMA IF EXISTS " + schema + " CASCADE", "CREATE SCHEMA " + schema}, tables...)
	for _, statement := range tables {
		if _, err := pool.Exec(ctx, statement); err != nil {
			pool.Close()
			return nil, fmt.Errorf("baselines: PostgreSQL: %w", err)
		}
	}
	return &database{pool}, nil
}

func (d *database) close() error {
	d.pool.Close()
	return nil
}

// The ways in which PostgreSQL says that a statement has lost a race and has done nothing.
const (
	sqlNotNull       = "23502" // a part of the request: see words
	sqlUnique        = "23505" // the request was granted before, or the seat is sold
	sqlSerialization = "40001"
	sqlDeadlock      = "40P01"
)

// How often, and with which pauses, a lost race is run again.
const (
	raceTries    = 12
	racePause    = 200 * time.Microsecond
	racePauseMax = 20 * time.Millisecond
)

func sqlState(err error) string {
	if said := (*pgconn.PgError)(nil); errors.As(err, &said) {
		return said.Code
	}
	return ""
}

// fault sorts an error: what the server refused, or never got, was surely not done.
func fault(err error) error {
	if err == nil {
		return nil
	}
	if sqlState(err) != "" || pgconn.SafeToRetry(err) {
		return fmt.Errorf("%w: %w", errUndone, err)
	}
	return fmt.Errorf("baselines: PostgreSQL: %w", err)
}

// racing repeats try while it loses races (tooBusy, or one of the SQLSTATEs), with a pause that grows and is different
// for everybody.
func racing(try func() (verdict, error)) (verdict, error) {
	pause := racePause
	for range raceTries {
		given, err := try()
		switch sqlState(err) {
		case sqlNotNull, sqlSerialization, sqlDeadlock:
			given, err = tooBusy, nil
		}
		if given != tooBusy || err != nil {
			return given, fault(err)
		}
		time.Sleep(rand.N(pause))
		pause = min(2*pause, racePauseMax)
	}
	return tooBusy, nil
}

// find reads a booking.
func (d *database) find(ctx context.Context, t *task) (verdict, error) {
	given, _, err := d.look(ctx, t)
	return given, fault(err)
}

// look reads a booking and what it allows.
func (d *database) look(ctx context.Context, t *task) (verdict, standing, error) {
	var stands standing
	err := d.pool.QueryRow(ctx, findBooking, t.booking, t.buyer).Scan(
		&t.got.event, &stands.state, &t.got.seats, &t.got.expiresAt, &stands.over, &stands.ceilingAt,
		&stands.lastChange)
	if errors.Is(err, pgx.ErrNoRows) {
		return bookingUnknown, stands, nil
	}
	t.got.id, t.got.state, stands.expiresAt = t.booking, stands.state, t.got.expiresAt
	if stands.state == held && stands.over {
		t.got.state = lapsed
	}
	return granted, stands, err
}

// apply changes a booking by a statement that gives the booking back if it was live. Extensions look first: one may be
// over its ceiling.
func (d *database) apply(ctx context.Context, t *task, c change, statement string) (verdict, error) {
	return racing(func() (verdict, error) {
		if c != extend {
			given, err := d.alter(ctx, t, statement)
			if given == granted || err != nil {
				return given, err
			}
		}
		given, stands, err := d.look(ctx, t)
		if given != granted || err != nil {
			return given, err
		}
		if refusal := stands.refusal(t, c); refusal != granted || stands.state != held ||
			stands.lastChange == t.request {
			return refusal, nil
		}
		return d.alter(ctx, t, statement)
	})
}

// alter is one attempt; tooBusy says that the booking was not live. The statement's first three arguments are always
// the same.
func (d *database) alter(ctx context.Context, t *task, statement string, more ...any) (verdict, error) {
	arguments := append([]any{t.booking, t.buyer, t.request}, more...)
	err := d.pool.QueryRow(ctx, statement, arguments...).Scan(&t.got.event, &t.got.state, &t.got.seats,
		&t.got.expiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return tooBusy, nil
	}
	t.got.id = t.booking
	return granted, err
}

// rowPerSeat is what the baselines with a row a seat have in common: everything but taking.
type rowPerSeat struct{ *database }

func openRowPerSeat(ctx context.Context, name string, b *Backends) (rowPerSeat, error) {
	d, err := openDatabase(ctx, name, b, bookingsTable, ticketsTable, seatsTable)
	return rowPerSeat{d}, err
}

// create fills the table and leaves it as a night's maintenance would: fresh statistics, no work left over for the
// first buyers.
func (r rowPerSeat) create(ctx context.Context, e *event) error {
	if _, err := r.pool.Exec(ctx, fillSeats, e.number, len(e.rowOf)); err != nil {
		return fault(err)
	}
	_, err := r.pool.Exec(ctx, "VACUUM (ANALYZE) seats")
	return fault(err)
}

func (r rowPerSeat) change(ctx context.Context, t *task, c change) (verdict, error) {
	return r.apply(ctx, t, c, [...]string{extend: extendSeats, release: releaseSeats, confirm: confirmSeats}[c])
}

var lettersStatement = expand(readLetters)

func (r rowPerSeat) letters(ctx context.Context, e *event, dst []byte) ([]byte, error) {
	err := r.pool.QueryRow(ctx, lettersStatement, e.number).Scan(&dst)
	return dst, fault(err)
}

// placing asks for one hold, by a statement for one seat or one for several that ends in {told} or {why …}, and
// whatever it wants besides. When nobody has the seats and yet they were not taken, somebody had them for a moment
// only, or has them since: tooBusy.
func (r rowPerSeat) placing(ctx context.Context, t *task, one, several string, more ...any) (verdict, error) {
	statement, request := several, any(t.seats)
	if len(t.seats) == 1 {
		statement, request = one, t.seats[0]
	}
	arguments := append([]any{t.event.number, request, t.booking, t.buyer, t.event.ttl.Milliseconds(),
		t.event.ceiling.Milliseconds()}, more...)
	var ends *time.Time
	var before bool
	err := r.pool.QueryRow(ctx, statement, arguments...).Scan(&ends, &before, &t.lost)
	switch {
	case before || sqlState(err) == sqlUnique:
		given, _, err := r.look(ctx, t)
		return given, err
	case err != nil:
		return tooBusy, err
	case ends != nil:
		t.got = booking{id: t.booking, event: t.event.number, state: held, seats: append(t.got.seats[:0], t.seats...),
			expiresAt: *ends}
		return granted, nil
	case len(t.lost) > 0:
		return seatTaken, nil
	}
	return tooBusy, nil
}

var freeStatement = expand(readFree)

// free reads the first seats in range that are free, limit at most.
func (r rowPerSeat) free(ctx context.Context, t *task, limit int) ([]int32, error) {
	rows, err := r.pool.Query(ctx, freeStatement, t.event.number, t.from, t.to, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int32])
}

// chooseFree picks seats among those that are free: the front of them suffices, as long as it has neighbours for
// everybody.
func (r rowPerSeat) chooseFree(ctx context.Context, t *task) ([]int32, error) {
	for limit := candidatesMax * t.quantity; ; limit = int(t.to - t.from) {
		open, err := r.free(ctx, t, limit)
		if err != nil {
			return nil, err
		}
		seats := choose(t.event, open, t.quantity, anyOf)
		if len(open) < limit || t.event.together(seats) {
			return seats, nil
		}
	}
}

// chosenThen is best for the baselines that choose first and then take what they chose as if it had been named.
func (r rowPerSeat) chosenThen(ctx context.Context, t *task, take func(context.Context, *task) (verdict, error)) (
	verdict, error) {
	seats, err := r.chooseFree(ctx, t)
	if err != nil {
		return tooBusy, fault(err)
	}
	if seats == nil {
		return noneLeft, nil
	}
	t.seats, t.lost = append(t.seats[:0], seats...), t.lost[:0]
	given, err := take(ctx, t)
	if given == seatTaken {
		return tooBusy, err // the seats were not the buyer's idea
	}
	return given, err
}
