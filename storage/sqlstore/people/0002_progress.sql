-- How far each section's projection is, with what its readers want to know of the section. hash makes sure that the projection goes on
-- in the log it began with. No foreign keys and no reference to the engine's tables: dropping this schema touches nothing else.
CREATE TABLE IF NOT EXISTS people.progress (
    event_id     UUID        NOT NULL,
    section_id   INT8        NOT NULL,
    shard        INT2        NOT NULL,
    event        TEXT        NOT NULL,
    starts_at    TIMESTAMPTZ NOT NULL,
    currency     TEXT        NOT NULL,
    section      TEXT        NOT NULL,
    section_name TEXT        NOT NULL,
    seq          INT8        NOT NULL,
    epoch        INT8        NOT NULL,
    hash         BYTEA       NOT NULL,
    at           TIMESTAMPTZ,
    CONSTRAINT progress_pkey PRIMARY KEY (event_id, section_id)
)
