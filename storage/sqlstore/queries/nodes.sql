-- Heartbeats: who is alive for the purpose of takeover.

-- name: beat
INSERT INTO nodes (writer, name, at) VALUES ($1::UUID, $2::TEXT, $3::TIMESTAMPTZ)
ON CONFLICT (writer) DO UPDATE SET name = excluded.name, at = excluded.at

-- name: nodes
SELECT writer, name, at FROM nodes ORDER BY writer

-- name: forget
DELETE FROM nodes WHERE writer = $1::UUID
