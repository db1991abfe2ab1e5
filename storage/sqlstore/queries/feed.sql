-- What feeds keep beside the logs.

-- name: feed_put
INSERT INTO feed_items (key, value) SELECT put.key, put.value FROM unnest($1::BYTEA[], $2::BYTEA[]) AS put (key, value)
ON CONFLICT (key) DO UPDATE SET value = excluded.value

-- name: feed_remove
DELETE FROM feed_items WHERE key = ANY ($1::BYTEA[])

-- name: feed_after
-- From a key on that is not among them, and below another.
SELECT key, value FROM feed_items WHERE key > $1::BYTEA AND key < $2::BYTEA ORDER BY key LIMIT $3::INT8

-- name: feed_from
SELECT key, value FROM feed_items WHERE key >= $1::BYTEA AND key < $2::BYTEA ORDER BY key LIMIT $3::INT8
