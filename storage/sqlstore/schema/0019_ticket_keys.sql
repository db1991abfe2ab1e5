-- What tickets' codes are signed with. The newest key signs, all of them verify; none is ever changed or dropped.
CREATE TABLE IF NOT EXISTS ticket_keys (
    key_no  INT8        NOT NULL,
    made_at TIMESTAMPTZ NOT NULL,
    seed    BYTEA       NOT NULL,
    CONSTRAINT ticket_keys_pkey PRIMARY KEY (key_no)
)
