-- The key under which an event's buyers stand in its logs. Apart from events, so that it can be destroyed and kept from those who only
-- read.
CREATE TABLE IF NOT EXISTS event_keys (
    event_id UUID  NOT NULL,
    key      BYTEA NOT NULL,
    CONSTRAINT event_keys_pkey PRIMARY KEY (event_id)
)
