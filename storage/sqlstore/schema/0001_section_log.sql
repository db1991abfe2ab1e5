-- The log is the lock: whoever inserts (section, seq) owns that seq, on any isolation level. No other index and no foreign key:
-- one key is one range, so that CockroachDB commits the insert in one phase. shard is computed by the client from (event, section);
-- it spreads one mega on-sale over ranges.
CREATE TABLE IF NOT EXISTS section_log (
    shard      INT2        NOT NULL,
    event_id   UUID        NOT NULL,
    section_id INT8        NOT NULL,
    seq        INT8        NOT NULL,
    epoch      INT8        NOT NULL,
    kind       INT2        NOT NULL,
    writer     UUID        NOT NULL,
    batch_id   UUID        NOT NULL,
    at         TIMESTAMPTZ NOT NULL,
    prev       BYTEA       NOT NULL,
    hash       BYTEA       NOT NULL,
    body       BYTEA       NOT NULL,
    CONSTRAINT section_log_pkey PRIMARY KEY (shard, event_id, section_id, seq)
)
