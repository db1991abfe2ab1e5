-- Every booking there ever was, ended ones too.
CREATE TABLE IF NOT EXISTS people.booking (
    event_id     UUID        NOT NULL,
    section_id   INT8        NOT NULL,
    booking      INT8        NOT NULL,
    booking_id   TEXT        NOT NULL,
    buyer        BYTEA       NOT NULL,
    state        TEXT        NOT NULL,
    split        BOOL        NOT NULL,
    seat_nos     INT8[]      NOT NULL,
    seats        TEXT[]      NOT NULL,
    amount       INT8        NOT NULL,
    placed_at    TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ,
    ended_at     TIMESTAMPTZ,
    changed_at   TIMESTAMPTZ NOT NULL,
    CONSTRAINT booking_pkey PRIMARY KEY (event_id, section_id, booking)
)
