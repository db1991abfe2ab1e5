-- What the tests ask as readers of the views, and how they damage logs behind the store's back.

-- name: seats
SELECT section, seat, status, coalesce(booking_state, ''), coalesce(booking_id, ''), coalesce(buyer, ''), price FROM people.seats_now
WHERE event_id = $1::UUID ORDER BY section, seat

-- name: bookings
SELECT section, booking_id, state, array_to_string(seats, ' '), amount, buyer, expires_at, confirmed_at IS NOT NULL, ended_at IS NOT NULL FROM people.bookings
WHERE event_id = $1::UUID ORDER BY section, booking_id

-- name: tickets
SELECT section, seat, booking_id, buyer FROM people.tickets
WHERE event_id = $1::UUID ORDER BY section, seat

-- name: orders
SELECT section, booking_id, state, array_to_string(seats, ' '), amount, array_to_string(sections, ' '), confirming FROM people.bookings
WHERE event_id = $1::UUID ORDER BY section, booking_id

-- name: legs
SELECT section, coalesce(booking_id, '-'), state, array_to_string(seats, ' '), amount FROM people.legs
WHERE event_id = $1::UUID ORDER BY section, booking_id

-- name: taken
SELECT seat, status, booking_state, coalesce(booking_id, '-') FROM people.seats_now
WHERE event_id = $1::UUID AND status <> 'available' ORDER BY seat

-- name: save_as_old
CREATE TEMPORARY TABLE old_progress AS SELECT event_id, section_id, shard, event, starts_at, currency, section, section_name, seq,
    epoch, hash, at FROM people.progress;
CREATE TEMPORARY TABLE old_seat AS SELECT event_id, section_id, seat_no, seat, row_label, seat_label, category, price, accessible,
    blocked, booking, changed_at FROM people.seat;
CREATE TEMPORARY TABLE old_booking AS SELECT b.event_id, b.section_id, b.booking, b.booking_id, b.buyer, b.state, b.split, b.seat_nos,
    s.seats, s.amount, b.placed_at, b.expires_at, b.confirmed_at, b.ended_at, b.changed_at
    FROM people.booking AS b
    CROSS JOIN LATERAL (SELECT array_agg(t.seat ORDER BY t.seat_no) AS seats, coalesce(sum(t.price), 0)::INT8 AS amount FROM people.seat AS t
        WHERE t.event_id = b.event_id AND t.section_id = b.section_id AND t.seat_no = ANY (b.seat_nos)) AS s

-- name: old_schema
CREATE SCHEMA people;
CREATE TABLE people.steps (step INT8 PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())

-- name: old_step
INSERT INTO people.steps (step, name) VALUES ($1::INT8, $2::TEXT)

-- name: load_as_old
INSERT INTO people.progress TABLE old_progress;
INSERT INTO people.seat TABLE old_seat;
INSERT INTO people.booking TABLE old_booking;
DROP TABLE old_progress, old_seat, old_booking

-- name: old_row
INSERT INTO people.booking (event_id, section_id, booking, booking_id, buyer, state, split, seat_nos, seats, amount, placed_at,
    expires_at, changed_at)
VALUES ($1::UUID, 1, 1, 'x', 'x', 'held', false, '{}', '{}', 0, now(), now(), now())
ON CONFLICT (event_id, section_id, booking) DO UPDATE SET state = excluded.state

-- name: dump
SELECT 'seat ' || to_jsonb(s)::TEXT FROM people.seats_now AS s
UNION ALL SELECT 'booking ' || to_jsonb(b)::TEXT FROM people.bookings AS b
UNION ALL SELECT 'leg ' || to_jsonb(l)::TEXT FROM people.legs AS l
UNION ALL SELECT 'ticket ' || to_jsonb(t)::TEXT FROM people.tickets AS t
UNION ALL SELECT 'progress ' || to_jsonb(p)::TEXT FROM people.progress AS p
ORDER BY 1

-- name: reached
SELECT seq FROM people.progress WHERE event_id = $1::UUID AND section_id = $2::INT8

-- name: complete_to
SELECT complete_to FROM people.freshness

-- name: comment
SELECT obj_description('people.seats_now'::regclass)

-- name: damage
UPDATE section_log SET body = body || '\x00'::BYTEA WHERE event_id = $1::UUID AND section_id = $2::INT8 AND seq = $3::INT8

-- name: cut
DELETE FROM section_log WHERE event_id = $1::UUID AND section_id = $2::INT8 AND seq <= $3::INT8

-- name: schema_is_there
SELECT count(1) FROM information_schema.schemata WHERE schema_name = 'people'

-- name: grants
CREATE ROLE people_projector LOGIN;
GRANT SELECT ON section_log, events, venue_parts, schema_steps TO people_projector;
CREATE SCHEMA people AUTHORIZATION people_projector;
CREATE ROLE people_reader LOGIN

-- name: grants_of_reader
GRANT USAGE ON SCHEMA people TO people_reader;
GRANT SELECT ON people.bookings, people.legs, people.seats_now, people.tickets, people.freshness TO people_reader

-- name: ungrant
DROP SCHEMA IF EXISTS people CASCADE;
DROP OWNED BY people_projector, people_reader;
DROP ROLE people_projector, people_reader
