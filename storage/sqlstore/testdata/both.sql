-- What the tests ask of either server besides what the store does.

-- name: damage
-- Behind the store's back: no statement of the store changes a record.
UPDATE section_log SET body = body || $4::BYTEA
WHERE event_id = $1::UUID AND section_id = $2::INT8 AND seq = $3::INT8

-- name: isolation
SHOW transaction_isolation

-- name: beat_of_old_build
INSERT INTO nodes (writer, name, at) VALUES ($1::UUID, $2::TEXT, $3::TIMESTAMPTZ)
ON CONFLICT (writer) DO UPDATE SET name = excluded.name, at = excluded.at

-- name: store_id_lost
DELETE FROM store_meta WHERE name = 'store_id'
