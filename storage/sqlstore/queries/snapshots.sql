-- The newest snapshot of each section: a head, and its body in parts.

-- name: snapshot
-- One statement sees one instant, on any isolation level: never the head of one snapshot and the parts of another.
SELECT h.seq, h.epoch, h.hash, h.parts, h.checksum, p.body FROM snapshots AS h
LEFT JOIN snapshot_parts AS p ON p.shard = h.shard AND p.event_id = h.event_id AND p.section_id = h.section_id AND p.snapshot_id = h.snapshot_id
WHERE h.shard = $1::INT2 AND h.event_id = $2::UUID AND h.section_id = $3::INT8
ORDER BY p.part

-- name: snapshot_replace
-- A slow writer's older snapshot changes no row.
INSERT INTO snapshots (shard, event_id, section_id, snapshot_id, seq, epoch, hash, parts, checksum)
VALUES ($1::INT2, $2::UUID, $3::INT8, $4::UUID, $5::INT8, $6::INT8, $7::BYTEA, $8::INT8, $9::INT8)
ON CONFLICT (shard, event_id, section_id) DO UPDATE
SET snapshot_id = excluded.snapshot_id, seq = excluded.seq, epoch = excluded.epoch, hash = excluded.hash, parts = excluded.parts,
    checksum = excluded.checksum
WHERE snapshots.seq <= excluded.seq

-- name: snapshot_parts_drop
DELETE FROM snapshot_parts WHERE shard = $1::INT2 AND event_id = $2::UUID AND section_id = $3::INT8

-- name: snapshot_parts_insert
INSERT INTO snapshot_parts (shard, event_id, section_id, snapshot_id, part, body)
SELECT $1::INT2, $2::UUID, $3::INT8, $4::UUID, p.part, p.body
FROM unnest($5::INT8[], $6::BYTEA[]) AS p (part, body)
