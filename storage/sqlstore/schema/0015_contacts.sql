-- How buyers are reached, by what names them to a server. Nothing else in the database leads to a row, and no row leads to a log.
CREATE TABLE IF NOT EXISTS contacts (
    subject TEXT        NOT NULL,
    email   TEXT        NOT NULL,
    phone   TEXT        NOT NULL,
    at      TIMESTAMPTZ NOT NULL,
    CONSTRAINT contacts_pkey PRIMARY KEY (subject)
)
