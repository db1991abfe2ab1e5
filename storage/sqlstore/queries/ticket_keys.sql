-- What tickets' codes are signed with.

-- name: ticket_keys
SELECT key_no, made_at, seed FROM ticket_keys ORDER BY key_no

-- name: ticket_key_insert
-- Whoever comes first has the number; the others read what stands. Numbers are dense.
INSERT INTO ticket_keys (key_no, made_at, seed)
SELECT $1::INT8, $2::TIMESTAMPTZ, $3::BYTEA
WHERE $1::INT8 = 1 OR EXISTS (SELECT 1 FROM ticket_keys WHERE key_no = $1::INT8 - 1)
ON CONFLICT (key_no) DO NOTHING
