CREATE TABLE IF NOT EXISTS snapshot_parts (
    shard       INT2  NOT NULL,
    event_id    UUID  NOT NULL,
    section_id  INT8  NOT NULL,
    snapshot_id UUID  NOT NULL,
    part        INT8  NOT NULL,
    body        BYTEA NOT NULL,
    CONSTRAINT snapshot_parts_pkey PRIMARY KEY (shard, event_id, section_id, snapshot_id, part)
)
