-- What feeds keep beside the logs: how far each consumer was told, what is told again, endpoints. key and value are the feed's own forms.
CREATE TABLE IF NOT EXISTS feed_items (
    key   BYTEA NOT NULL,
    value BYTEA NOT NULL,
    CONSTRAINT feed_items_pkey PRIMARY KEY (key)
)
