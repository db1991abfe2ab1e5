CREATE TABLE IF NOT EXISTS venue_parts (
    event_id UUID  NOT NULL,
    part     INT8  NOT NULL,
    body     BYTEA NOT NULL,
    CONSTRAINT venue_parts_pkey PRIMARY KEY (event_id, part)
)
