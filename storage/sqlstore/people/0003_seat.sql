-- Every seat of every plan. booking is the one that has the seat now; it is only written when the seat changes hands, so that paying
-- and extending touch one row however many seats a booking has.
CREATE TABLE IF NOT EXISTS people.seat (
    event_id   UUID        NOT NULL,
    section_id INT8        NOT NULL,
    seat_no    INT8        NOT NULL,
    seat       TEXT        NOT NULL,
    row_label  TEXT        NOT NULL,
    seat_label TEXT        NOT NULL,
    category   TEXT        NOT NULL,
    price      INT8        NOT NULL,
    accessible BOOL        NOT NULL,
    blocked    BOOL        NOT NULL,
    booking    INT8,
    changed_at TIMESTAMPTZ,
    CONSTRAINT seat_pkey PRIMARY KEY (event_id, section_id, seat_no)
)
