-- Events, their venues in parts, and the store's secret.

-- name: event_insert
INSERT INTO events (event_id, name, created_at, sale, header, venue_parts)
VALUES ($1::UUID, $2::TEXT, $3::TIMESTAMPTZ, $4::TEXT, $5::JSONB, $6::INT8)
ON CONFLICT (event_id) DO NOTHING

-- name: venue_insert
INSERT INTO venue_parts (event_id, part, body)
SELECT $1::UUID, p.part, p.body
FROM unnest($2::INT8[], $3::BYTEA[]) AS p (part, body)

-- name: event
SELECT header, sale FROM events WHERE event_id = $1::UUID

-- name: events_after
SELECT header, sale FROM events WHERE event_id > $1::UUID ORDER BY event_id LIMIT $2::INT8

-- name: event_locked
-- Whoever changes the event next waits.
SELECT header, sale FROM events WHERE event_id = $1::UUID FOR UPDATE

-- name: sale
UPDATE events SET sale = $2::TEXT, header = $3::JSONB WHERE event_id = $1::UUID

-- name: event_key
SELECT key FROM event_keys WHERE event_id = $1::UUID

-- name: event_key_insert
-- Whoever comes first decides; the others read what stands. An event that is forgotten gets none.
INSERT INTO event_keys (event_id, key)
SELECT $1::UUID, $2::BYTEA
WHERE NOT EXISTS (SELECT 1 FROM events WHERE event_id = $1::UUID AND header->'Forgotten' IS NOT NULL)
ON CONFLICT (event_id) DO NOTHING

-- name: event_forget
-- The mark, once. The switch is looked at in the same statement, so that nobody opens the sale beside it.
UPDATE events SET header = header || $2::JSONB
WHERE event_id = $1::UUID AND header->'Forgotten' IS NULL AND sale IN ('closed', 'deleted', 'cancelled')

-- name: event_key_destroy
DELETE FROM event_keys WHERE event_id = $1::UUID

-- name: key_insert
-- Whoever comes first has the key; the others read what stands. No target: two at once may meet in either of the table's two keys.
INSERT INTO operator_keys (request, event_id, fingerprint, at)
VALUES ($1::UUID, $2::UUID, $3::INT8, $4::TIMESTAMPTZ)
ON CONFLICT DO NOTHING

-- name: key
SELECT request, event_id, fingerprint, at FROM operator_keys WHERE request = $1::UUID

-- name: keys_after
SELECT request, event_id, fingerprint, at FROM operator_keys WHERE request > $1::UUID ORDER BY request LIMIT $2::INT8

-- name: keys_stale
-- Those of the event that are older than a moment, and not among the youngest.
DELETE FROM operator_keys
WHERE event_id = $1::UUID AND at < $2::TIMESTAMPTZ AND request NOT IN (
    SELECT request FROM operator_keys WHERE event_id = $1::UUID ORDER BY at DESC, request LIMIT $3::INT8
)

-- name: keys_count
SELECT count(1) FROM operator_keys WHERE event_id = $1::UUID

-- name: key_forget
DELETE FROM operator_keys WHERE request = $1::UUID

-- name: venue
-- One statement sees one instant: all parts or none.
SELECT e.venue_parts, p.body FROM events AS e
LEFT JOIN venue_parts AS p ON p.event_id = e.event_id
WHERE e.event_id = $1::UUID
ORDER BY p.part

-- name: secret
SELECT value FROM store_meta WHERE name = 'secret'

-- name: secret_insert
-- Whoever comes first decides; the others read what stands.
INSERT INTO store_meta (name, value) VALUES ('secret', $1::BYTEA) ON CONFLICT (name) DO NOTHING

-- name: store_id
SELECT value FROM store_meta WHERE name = 'store_id'

-- name: store_id_insert
INSERT INTO store_meta (name, value) VALUES ('store_id', $1::BYTEA) ON CONFLICT (name) DO NOTHING

-- name: store_id_replace
-- The owner's: the role of servers may not change what stands in store_meta.
UPDATE store_meta SET value = $1::BYTEA WHERE name = 'store_id'
