-- What there is one of: the key of ticket codes.
CREATE TABLE IF NOT EXISTS store_meta (
    name  TEXT  NOT NULL,
    value BYTEA NOT NULL,
    CONSTRAINT store_meta_pkey PRIMARY KEY (name)
)
