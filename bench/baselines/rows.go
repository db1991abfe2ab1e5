package baselines

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// conditional takes seats by one UPDATE that finds only free ones. Of several it counts before it touches any, so that
// who comes too late for one of them has written nothing, and locks them before it writes, so that who loses a race has
// not either.
type conditional struct{ rowPerSeat }

var (
	conditionalOne = expand(`WITH taken AS (UPDATE seats {held} WHERE event = $1 AND seat = $2 AND {free} RETURNING
		seat),
		made AS ({one}) {why one}`)
	conditionalSeveral = expand(`WITH open AS (SELECT seat FROM seats WHERE event = $1 AND seat = ANY($2) AND {free}
			AND (SELECT count(*) FROM seats WHERE event = $1 AND seat = ANY($2) AND {free}) = cardinality($2::INT4[])
				ORDER BY seat FOR UPDATE),
		taken AS (UPDATE seats {held} WHERE event = $1 AND {in open} AND {free} RETURNING seat),
		made AS ({all}) {why all}`)
)

func (c conditional) hold(ctx context.Context, t *task) (verdict, error) {
	return racing(func() (verdict, error) { return c.placing(ctx, t, conditionalOne, conditionalSeveral) })
}

func (c conditional) best(ctx context.Context, t *task) (verdict, error) {
	return c.chosenThen(ctx, t, c.hold)
}

// skipLocked takes seats that it could lock without waiting. For best-available that is its strength: two buyers never
// look at the same seats. A named seat that is locked is somebody else's only until that transaction has failed, so it
// is asked for again.
type skipLocked struct{ rowPerSeat }

var (
	skipLockedOne = expand(`WITH taken AS (UPDATE seats {held} WHERE event = $1
		AND seat = (SELECT seat FROM seats WHERE event = $1 AND seat = $2 AND {free} FOR UPDATE SKIP LOCKED) RETURNING
			seat),
		made AS ({one}) {why one}`)
	skipLockedSeveral = expand(`WITH open AS (SELECT seat FROM seats WHERE event = $1 AND seat = ANY($2) AND {free}
		ORDER BY seat
			FOR UPDATE SKIP LOCKED),
		taken AS (UPDATE seats {held} WHERE event = $1 AND {in open} RETURNING seat),
		made AS ({all}) {why all}`)
	skipLockedBest = expand(`WITH open AS (SELECT seat FROM seats WHERE event = $1 AND seat >= $7 AND seat < $8 AND
		{free} ORDER BY seat LIMIT $2
			FOR UPDATE SKIP LOCKED),
		taken AS (UPDATE seats {held} WHERE event = $1 AND seat = ANY(ARRAY(SELECT seat FROM open))
			AND (SELECT count(*) FROM open) = $2 RETURNING seat)
		{file} array_agg(seat ORDER BY seat), {times} FROM taken HAVING count(*) > 0 RETURNING seats, expires_at`)
)

func (s skipLocked) hold(ctx context.Context, t *task) (verdict, error) {
	return racing(func() (verdict, error) { return s.placing(ctx, t, skipLockedOne, skipLockedSeveral) })
}

func (s skipLocked) best(ctx context.Context, t *task) (verdict, error) {
	return racing(func() (verdict, error) {
		row := s.pool.QueryRow(ctx, skipLockedBest, t.event.number, t.quantity, t.booking, t.buyer,
			t.event.ttl.Milliseconds(), t.event.ceiling.Milliseconds(), t.from, t.to)
		err := row.Scan(&t.got.seats, &t.got.expiresAt)
		switch {
		case sqlState(err) == sqlUnique:
			given, _, err := s.look(ctx, t)
			return given, err
		case errors.Is(err, pgx.ErrNoRows):
			return s.isFull(ctx, t)
		case err != nil:
			return tooBusy, err
		}
		t.got.id, t.got.event, t.got.state = t.booking, t.event.number, held
		return granted, nil
	})
}

// isFull tells seats that somebody has from seats that somebody is just looking at.
func (s skipLocked) isFull(ctx context.Context, t *task) (verdict, error) {
	open, err := s.free(ctx, t, t.quantity)
	if len(open) < t.quantity && err == nil {
		return noneLeft, nil
	}
	return tooBusy, err
}

// optimistic reads the seats with their versions, decides, and writes only if no version has changed; if one has, it
// reads again.
type optimistic struct{ rowPerSeat }

var (
	optimisticRead = expand(`SELECT seat, version, {free}, EXISTS (SELECT 1 FROM bookings WHERE id = $3)
		FROM seats WHERE event = $1 AND seat = ANY($2) ORDER BY seat`)
	optimisticOne = expand(`WITH taken AS (UPDATE seats {held}, version = version + 1
		WHERE event = $1 AND seat = $2 AND seat = ANY($7) AND version = ($8::INT8[])[1] RETURNING seat),
		made AS ({one}) {told}`)
	optimisticSeveral = expand(`WITH open AS (SELECT seats.seat FROM seats, unnest($7::INT4[], $8::INT8[]) AS seen
		(seat, version)
			WHERE seats.event = $1 AND seats.seat = seen.seat AND seats.version = seen.version ORDER BY seats.seat FOR
				UPDATE OF seats),
		taken AS (UPDATE seats {held}, version = version + 1 WHERE event = $1 AND {in open} RETURNING seat),
		made AS ({all}) {told}`)
)

func (o optimistic) hold(ctx context.Context, t *task) (verdict, error) {
	return racing(func() (verdict, error) {
		all, before, err := o.read(ctx, t)
		switch {
		case err != nil:
			return tooBusy, err
		case before:
			given, _, err := o.look(ctx, t)
			return given, err
		case len(t.lost) > 0:
			return seatTaken, nil
		}
		return o.placing(ctx, t, optimisticOne, optimisticSeveral, all.seats, all.versions)
	})
}

// seen is what an optimistic writer relies on: seats, and the version of each.
type seen struct {
	seats    []int32
	versions []int64
}

// read looks at the seats, and for an earlier grant of the same request.
func (o optimistic) read(ctx context.Context, t *task) (all seen, before bool, err error) {
	rows, err := o.pool.Query(ctx, optimisticRead, t.event.number, t.seats, t.booking)
	if err != nil {
		return all, false, err
	}
	var seat int32
	var version int64
	var open bool
	t.lost = t.lost[:0]
	_, err = pgx.ForEachRow(rows, []any{&seat, &version, &open, &before}, func() error {
		if !open {
			t.lost = append(t.lost, seat)
		}
		all.seats, all.versions = append(all.seats, seat), append(all.versions, version)
		return nil
	})
	return all, before, err
}

func (o optimistic) best(ctx context.Context, t *task) (verdict, error) {
	return o.chosenThen(ctx, t, o.hold)
}
