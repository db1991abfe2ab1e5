-- How far a payment processor's events were read. Of two nodes that move a cursor at once one is told that the other was first.

-- name: cursor
SELECT body, revision FROM payment_cursors WHERE account = $1::TEXT

-- name: cursor_make
INSERT INTO payment_cursors (account, revision, body) VALUES ($1::TEXT, 1, $2::TEXT)
ON CONFLICT (account) DO NOTHING

-- name: cursor_move
UPDATE payment_cursors SET body = $2::TEXT, revision = revision + 1 WHERE account = $1::TEXT AND revision = $3::INT8
