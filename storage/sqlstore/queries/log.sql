-- The section log. Every append is an INSERT that succeeds or meets the primary key; nothing here updates or deletes a record.

-- name: append
-- One record, one row, one key: CockroachDB commits it in one phase.
INSERT INTO section_log (shard, event_id, section_id, seq, epoch, kind, writer, batch_id, at, prev, hash, body)
VALUES ($1::INT2, $2::UUID, $3::INT8, $4::INT8, $5::INT8, $6::INT2, $7::UUID, $8::UUID, $9::TIMESTAMPTZ, $10::BYTEA, $11::BYTEA, $12::BYTEA)

-- name: append_selling
-- One record and the tickets it sells, in one statement: both or neither, in one round trip.
WITH logged AS (
    INSERT INTO section_log (shard, event_id, section_id, seq, epoch, kind, writer, batch_id, at, prev, hash, body)
    VALUES ($1::INT2, $2::UUID, $3::INT8, $4::INT8, $5::INT8, $6::INT2, $7::UUID, $8::UUID, $9::TIMESTAMPTZ, $10::BYTEA, $11::BYTEA, $12::BYTEA)
    RETURNING seq
)
INSERT INTO tickets (event_id, section_id, seat, booking)
SELECT $2::UUID, $3::INT8, sold.seat, sold.booking
FROM unnest($13::INT8[], $14::INT8[]) AS sold (seat, booking)

-- name: append_many
-- Records of several sections in one statement, for PostgreSQL only: there a commit costs more than a row. One duplicate key
-- refuses them all, and each is then sent alone.
INSERT INTO section_log (shard, event_id, section_id, seq, epoch, kind, writer, batch_id, at, prev, hash, body)
SELECT r.shard, r.event_id, r.section_id, r.seq, r.epoch, r.kind, r.writer, r.batch_id, r.at, r.prev, r.hash, r.body
FROM unnest($1::INT2[], $2::UUID[], $3::INT8[], $4::INT8[], $5::INT8[], $6::INT2[], $7::UUID[], $8::UUID[], $9::TIMESTAMPTZ[], $10::BYTEA[], $11::BYTEA[], $12::BYTEA[])
    AS r (shard, event_id, section_id, seq, epoch, kind, writer, batch_id, at, prev, hash, body)

-- name: append_many_selling
WITH logged AS (
    INSERT INTO section_log (shard, event_id, section_id, seq, epoch, kind, writer, batch_id, at, prev, hash, body)
    SELECT r.shard, r.event_id, r.section_id, r.seq, r.epoch, r.kind, r.writer, r.batch_id, r.at, r.prev, r.hash, r.body
    FROM unnest($1::INT2[], $2::UUID[], $3::INT8[], $4::INT8[], $5::INT8[], $6::INT2[], $7::UUID[], $8::UUID[], $9::TIMESTAMPTZ[], $10::BYTEA[], $11::BYTEA[], $12::BYTEA[])
        AS r (shard, event_id, section_id, seq, epoch, kind, writer, batch_id, at, prev, hash, body)
    RETURNING seq
)
INSERT INTO tickets (event_id, section_id, seat, booking)
SELECT sold.event_id, sold.section_id, sold.seat, sold.booking
FROM unnest($13::UUID[], $14::INT8[], $15::INT8[], $16::INT8[]) AS sold (event_id, section_id, seat, booking)

-- name: begin
BEGIN

-- name: commit
COMMIT

-- name: refund_tickets
-- Sent in one message with append_selling, hence the numbers.
DELETE FROM tickets WHERE event_id = $2::UUID AND section_id = $3::INT8 AND seat = ANY ($15::INT8[])

-- name: assure
-- PostgreSQL only: a transaction that writes to the write-ahead log and nowhere else. Its commit is confirmed like any other, after all before it.
SELECT pg_logical_emit_message(true, 'holdfast', '')

-- name: tail
SELECT kind, seq, epoch, writer, batch_id, at, hash FROM section_log
WHERE shard = $1::INT2 AND event_id = $2::UUID AND section_id = $3::INT8
ORDER BY seq DESC LIMIT 1

-- name: standing
SELECT batch_id FROM section_log
WHERE shard = $1::INT2 AND event_id = $2::UUID AND section_id = $3::INT8 AND seq = $4::INT8

-- name: read
SELECT kind, seq, epoch, writer, batch_id, at, prev, hash, body FROM section_log
WHERE shard = $1::INT2 AND event_id = $2::UUID AND section_id = $3::INT8 AND seq >= $4::INT8
ORDER BY seq LIMIT $5::INT8

-- name: sections_after
-- The next section in a shard: asked again from each answer, it skips over the records between (there is no index of sections).
SELECT event_id, section_id FROM section_log
WHERE shard = $1::INT2 AND (event_id, section_id) > ($2::UUID, $3::INT8)
ORDER BY event_id, section_id LIMIT 1

-- name: tickets
SELECT seat, booking FROM tickets
WHERE event_id = $1::UUID AND section_id = $2::INT8 AND seat > $3::INT8
ORDER BY seat LIMIT $4::INT8
