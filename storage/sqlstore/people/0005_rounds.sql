-- One row: when a projector last found that it had everything. A quiet section's last record is old and right all the same; this tells
-- the two apart.
CREATE TABLE IF NOT EXISTS people.rounds (
    one         INT2        NOT NULL,
    complete_to TIMESTAMPTZ NOT NULL,
    CONSTRAINT rounds_pkey PRIMARY KEY (one)
)
