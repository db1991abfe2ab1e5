-- What the tests ask of either server besides what the store does.

-- name: damage
-- Behind the store's back: no statement of the store changes a record.
UPDATE section_log SET body = body || $4::BYTEA
WHERE event_id = $1::UUID AND section_id = $2::INT8 AND seq = $3::INT8

-- name: isolation
SHOW transaction_isolation
