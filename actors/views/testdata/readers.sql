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

-- name: dump
SELECT 'seat ' || to_jsonb(s)::TEXT FROM people.seats_now AS s
UNION ALL SELECT 'booking ' || to_jsonb(b)::TEXT FROM people.bookings AS b
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
GRANT SELECT ON people.bookings, people.seats_now, people.tickets, people.freshness TO people_reader

-- name: ungrant
DROP SCHEMA IF EXISTS people CASCADE;
DROP OWNED BY people_projector, people_reader;
DROP ROLE people_projector, people_reader
