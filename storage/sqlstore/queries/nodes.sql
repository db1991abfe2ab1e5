-- Heartbeats: who is alive for the purpose of takeover.

-- name: beat
INSERT INTO nodes (writer, name, at, gossip) VALUES ($1::UUID, $2::TEXT, $3::TIMESTAMPTZ, NULLIF($4::TEXT, ''))
ON CONFLICT (writer) DO UPDATE SET name = excluded.name, at = excluded.at, gossip = excluded.gossip

-- name: nodes
SELECT writer, name, at, COALESCE(gossip, '') FROM nodes ORDER BY writer

-- name: forget
DELETE FROM nodes WHERE writer = $1::UUID
