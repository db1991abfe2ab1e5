-- How far a payment processor's events were read. Of two nodes that move a cursor at once one is told that the other was first.

-- name: cursor
SELECT body, revision FROM payment_cursors WHERE account = $1::TEXT

-- name: cursor_make
INSERT INTO payment_cursors (account, revision, body) VALUES ($1::TEXT, 1, $2::TEXT)
ON CONFLICT (account) DO NOTHING

-- name: cursors
SELECT account, body FROM payment_cursors

-- name: cursor_put
INSERT INTO payment_cursors (account, revision, body) VALUES ($1::TEXT, 1, $2::TEXT)
ON CONFLICT (account) DO UPDATE SET body = excluded.body, revision = payment_cursors.revision + 1

-- name: cursor_move
UPDATE payment_cursors SET body = $2::TEXT, revision = revision + 1 WHERE account = $1::TEXT AND revision = $3::INT8
