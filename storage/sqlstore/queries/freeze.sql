-- Holding one instant for a long look.

-- name: freeze
-- PostgreSQL: one snapshot for all statements; it waits for nobody and nobody waits for it.
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- name: freeze_cockroach
-- CockroachDB only, and the one statement here that PostgreSQL cannot parse. A transaction that reads the present there has half a second
-- (the greatest clock offset) of writes it cannot order; while the engine sells it meets them and is told to start again. A read of the past,
-- even one microsecond old, has no such doubt.
BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, AS OF SYSTEM TIME '-1us'

-- name: freeze_pin
-- PostgreSQL fixes the instant at the first statement that reads, not at BEGIN.
SELECT 1
