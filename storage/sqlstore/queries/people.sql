-- The projection for people: written by the projector of holdfast views, read through the views of schema people. Nothing that
-- grants a seat reads any of it.

-- name: people_schema_exists
SELECT count(1) FROM information_schema.schemata WHERE schema_name = 'people'

-- name: people_schema
CREATE SCHEMA IF NOT EXISTS people

-- name: people_steps_table
CREATE TABLE IF NOT EXISTS people.steps (
    step       INT8        NOT NULL,
    name       TEXT        NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT steps_pkey PRIMARY KEY (step)
)

-- name: people_steps_taken
SELECT step FROM people.steps ORDER BY step

-- name: people_step_done
INSERT INTO people.steps (step, name) VALUES ($1::INT8, $2::TEXT) ON CONFLICT (step) DO NOTHING

-- name: people_drop
DROP SCHEMA IF EXISTS people CASCADE

-- name: people_empty
TRUNCATE TABLE people.progress, people.seat, people.booking, people.rounds

-- name: people_unknown
SELECT e.event_id FROM events AS e
WHERE NOT EXISTS (SELECT 1 FROM people.progress AS p WHERE p.event_id = e.event_id)
ORDER BY e.created_at, e.event_id

-- name: people_enrol
-- Every section of an event at once. No row inserted means that another projector has enrolled the event.
INSERT INTO people.progress (event_id, section_id, shard, event, starts_at, currency, section, section_name, seq, epoch, hash)
SELECT $1::UUID, r.section_id, r.shard, $2::TEXT, $3::TIMESTAMPTZ, $4::TEXT, r.section, r.section_name, 0, 0, $5::BYTEA
FROM unnest($6::INT8[], $7::INT2[], $8::TEXT[], $9::TEXT[]) AS r (section_id, shard, section, section_name)
ON CONFLICT (event_id, section_id) DO NOTHING

-- name: people_enrol_seats
INSERT INTO people.seat (event_id, section_id, seat_no, seat, row_label, seat_label, category, price, accessible, blocked)
SELECT $1::UUID, $2::INT8, r.seat_no, r.seat, r.row_label, r.seat_label, r.category, r.price, r.accessible, false
FROM unnest($3::INT8[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[], $8::INT8[], $9::BOOL[])
    AS r (seat_no, seat, row_label, seat_label, category, price, accessible)

-- name: people_behind
-- One look at the end of every log: as many index probes as there are sections, in one round trip.
SELECT p.event_id, p.section_id, p.seq, p.epoch, p.hash, coalesce(t.seq, 0)
FROM people.progress AS p
LEFT JOIN LATERAL (
    SELECT l.seq, l.hash FROM section_log AS l
    WHERE l.shard = p.shard AND l.event_id = p.event_id AND l.section_id = p.section_id
    ORDER BY l.seq DESC LIMIT 1
) AS t ON true
WHERE coalesce(t.seq, 0) <> p.seq OR coalesce(t.hash, $1::BYTEA) <> p.hash
ORDER BY p.event_id, p.section_id

-- name: people_first_kept
SELECT seq FROM section_log
WHERE shard = $1::INT2 AND event_id = $2::UUID AND section_id = $3::INT8
ORDER BY seq LIMIT 1

-- name: people_lazily
-- PostgreSQL: a page's commit need not wait for the disk, whose syncs belong to those who sell. What a power loss takes is the end of
-- the projection, whole pages of it, and it is derived again.
SET LOCAL synchronous_commit = off

-- name: people_move
-- The guard of a page, and its first statement: whoever moves this row has the section to itself until the end of the transaction,
-- and whoever comes second finds it moved.
UPDATE people.progress SET seq = $5::INT8, epoch = $6::INT8, hash = $7::BYTEA, at = $8::TIMESTAMPTZ
WHERE event_id = $1::UUID AND section_id = $2::INT8 AND seq = $3::INT8 AND hash = $4::BYTEA

-- name: people_bookings
SELECT booking, buyer, state, split, seat_nos, placed_at, expires_at, confirmed_at, ended_at, changed_at, leg, confirming,
    coalesce(order_home, 0), coalesce(order_life, 0), coalesce(order_count, 0), elsewhere_sections, elsewhere_seats, amount
FROM people.booking
WHERE event_id = $1::UUID AND section_id = $2::INT8 AND booking = ANY ($3::INT8[])

-- name: people_put_bookings
-- Who has it, and of which order it is, never changes after the placing; its seats and amount do by refunds of single seats. Lists
-- within a row travel as text, because unnest takes nested arrays apart to the ground; chr(31) stands in no id. An empty text is an
-- empty list: CockroachDB's string_to_array would make a list of one empty text of it.
INSERT INTO people.booking (event_id, section_id, booking, booking_id, buyer, state, split, seat_nos, seats, amount,
    placed_at, expires_at, confirmed_at, ended_at, changed_at, leg, confirming, sections, order_home, order_life, order_count,
    elsewhere_sections, elsewhere_seats)
SELECT $1::UUID, $2::INT8, r.booking, r.booking_id, r.buyer, r.state, r.split,
    coalesce(string_to_array(nullif(r.seat_nos, ''), ','), ARRAY[]::TEXT[])::INT8[],
    coalesce(string_to_array(nullif(r.seats, ''), chr(31)), ARRAY[]::TEXT[]), r.amount,
    r.placed_at, r.expires_at, r.confirmed_at, r.ended_at, r.changed_at, r.leg, r.confirming,
    coalesce(string_to_array(nullif(r.sections, ''), chr(31)), ARRAY[]::TEXT[]),
    CASE WHEN r.order_count <> 0 THEN r.order_home END, CASE WHEN r.order_count <> 0 THEN r.order_life END, nullif(r.order_count, 0),
    coalesce(string_to_array(nullif(r.elsewhere_sections, ''), ','), ARRAY[]::TEXT[])::INT8[],
    coalesce(string_to_array(nullif(r.elsewhere_seats, ''), ','), ARRAY[]::TEXT[])::INT8[]
FROM unnest($3::INT8[], $4::TEXT[], $5::BYTEA[], $6::TEXT[], $7::BOOL[], $8::TEXT[], $9::TEXT[], $10::INT8[],
        $11::TIMESTAMPTZ[], $12::TIMESTAMPTZ[], $13::TIMESTAMPTZ[], $14::TIMESTAMPTZ[], $15::TIMESTAMPTZ[], $16::BOOL[], $17::BOOL[],
        $18::TEXT[], $19::INT8[], $20::INT8[], $21::INT8[], $22::TEXT[], $23::TEXT[])
    AS r (booking, booking_id, buyer, state, split, seat_nos, seats, amount, placed_at, expires_at, confirmed_at, ended_at, changed_at,
        leg, confirming, sections, order_home, order_life, order_count, elsewhere_sections, elsewhere_seats)
ON CONFLICT (event_id, section_id, booking) DO UPDATE SET
    state = excluded.state, seat_nos = excluded.seat_nos, seats = excluded.seats, amount = excluded.amount,
    expires_at = excluded.expires_at, confirmed_at = excluded.confirmed_at,
    ended_at = excluded.ended_at, changed_at = excluded.changed_at, confirming = excluded.confirming, sections = excluded.sections,
    elsewhere_sections = excluded.elsewhere_sections, elsewhere_seats = excluded.elsewhere_seats

-- name: people_put_seats
UPDATE people.seat AS s SET booking = nullif(r.booking, 0), blocked = r.blocked, changed_at = r.changed_at
FROM unnest($3::INT8[], $4::INT8[], $5::BOOL[], $6::TIMESTAMPTZ[]) AS r (seat_no, booking, blocked, changed_at)
WHERE s.event_id = $1::UUID AND s.section_id = $2::INT8 AND s.seat_no = r.seat_no

-- name: people_complete
INSERT INTO people.rounds (one, complete_to) VALUES (1, $1::TIMESTAMPTZ)
ON CONFLICT (one) DO UPDATE SET complete_to = excluded.complete_to WHERE rounds.complete_to < excluded.complete_to
