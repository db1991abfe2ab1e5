-- What the tests of rights ask of either server.

-- name: make_node
CREATE USER holdfast_test_node

-- name: make_auditor
CREATE USER holdfast_test_auditor

-- name: node_is_engine
GRANT holdfast_engine TO holdfast_test_node

-- name: auditor_is_auditor
GRANT holdfast_auditor TO holdfast_test_auditor

-- name: forbidden_log_update
UPDATE section_log SET epoch = epoch + 1

-- name: forbidden_log_delete
DELETE FROM section_log

-- name: forbidden_log_truncate
TRUNCATE TABLE section_log

-- name: forbidden_log_drop
DROP TABLE section_log

-- name: forbidden_log_upsert
INSERT INTO section_log (shard, event_id, section_id, seq, epoch, kind, writer, batch_id, at, prev, hash, body)
SELECT shard, event_id, section_id, seq, epoch, kind, writer, batch_id, at, prev, hash, body FROM section_log
ON CONFLICT (shard, event_id, section_id, seq) DO UPDATE SET epoch = excluded.epoch

-- name: forbidden_tickets_update
UPDATE tickets SET booking = 1

-- name: forbidden_tickets_truncate
TRUNCATE TABLE tickets

-- name: forbidden_secret_update
UPDATE store_meta SET value = value

-- name: forbidden_secret_delete
DELETE FROM store_meta

-- name: forbidden_event_delete
DELETE FROM events

-- name: forbidden_table
CREATE TABLE stranger (id INT8 NOT NULL, CONSTRAINT stranger_pkey PRIMARY KEY (id))

-- name: forget_step
DELETE FROM schema_steps WHERE step = $1::INT8

-- name: future_step
INSERT INTO schema_steps (step, name) VALUES (9999, '9999_of_a_later_build')

-- name: count_steps
SELECT count(1), count(DISTINCT step) FROM schema_steps

-- name: tables
SELECT count(1) FROM information_schema.tables WHERE table_schema = 'public'

-- name: lose_part
DELETE FROM snapshot_parts WHERE event_id = $1::UUID AND part = 1

-- name: damage_part
UPDATE snapshot_parts SET body = body || $2::BYTEA WHERE event_id = $1::UUID AND part = 0

-- name: damage_head
UPDATE snapshots SET seq = seq + 1 WHERE event_id = $1::UUID

-- name: lose_parts
DELETE FROM snapshot_parts WHERE event_id = $1::UUID

-- name: count_parts
SELECT count(1), coalesce(max(part), 0) + 1, count(DISTINCT snapshot_id) FROM snapshot_parts WHERE event_id = $1::UUID

-- name: lose_venue_part
DELETE FROM venue_parts WHERE event_id = $1::UUID AND part = 1

-- name: setting
SELECT current_setting($1::TEXT)
