-- header is JSON for operators' eyes; sale stands beside it, because it alone changes.
CREATE TABLE IF NOT EXISTS events (
    event_id   UUID        NOT NULL,
    name       TEXT        NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    sale       TEXT        NOT NULL,
    header     JSONB       NOT NULL,
    venue_parts INT8       NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (event_id)
)
