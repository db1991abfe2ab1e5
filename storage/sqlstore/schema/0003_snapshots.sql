-- The newest snapshot of each section. Losing one costs a longer replay, nothing else. The body is in snapshot_parts, because rows
-- of megabytes are slow on CockroachDB and on PostgreSQL alike.
CREATE TABLE IF NOT EXISTS snapshots (
    shard       INT2  NOT NULL,
    event_id    UUID  NOT NULL,
    section_id  INT8  NOT NULL,
    snapshot_id UUID  NOT NULL,
    seq         INT8  NOT NULL,
    epoch       INT8  NOT NULL,
    hash        BYTEA NOT NULL,
    parts       INT8  NOT NULL,
    checksum    INT8  NOT NULL,
    CONSTRAINT snapshots_pkey PRIMARY KEY (shard, event_id, section_id)
)
