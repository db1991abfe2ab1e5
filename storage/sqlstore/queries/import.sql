-- Filling the store from another one.

-- name: import_entries
-- Entries of one section. They meet the same primary key as an append does.
INSERT INTO section_log (shard, event_id, section_id, seq, epoch, kind, writer, batch_id, at, prev, hash, body)
SELECT $1::INT2, $2::UUID, $3::INT8, r.seq, r.epoch, r.kind, r.writer, r.batch_id, r.at, r.prev, r.hash, r.body
FROM unnest($4::INT8[], $5::INT8[], $6::INT2[], $7::UUID[], $8::UUID[], $9::TIMESTAMPTZ[], $10::BYTEA[], $11::BYTEA[], $12::BYTEA[])
    AS r (seq, epoch, kind, writer, batch_id, at, prev, hash, body)

-- name: tickets_drop
DELETE FROM tickets WHERE event_id = $1::UUID AND section_id = $2::INT8

-- name: tickets_insert
INSERT INTO tickets (event_id, section_id, seat, booking)
SELECT $1::UUID, $2::INT8, sold.seat, sold.booking
FROM unnest($3::INT8[], $4::INT8[]) AS sold (seat, booking)
