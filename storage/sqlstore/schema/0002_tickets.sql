-- The second guard of no-oversell, independent of the first: no shard in its key, so that not even a client that computes shards
-- wrongly can sell a seat twice.
CREATE TABLE IF NOT EXISTS tickets (
    event_id   UUID NOT NULL,
    section_id INT8 NOT NULL,
    seat       INT8 NOT NULL,
    booking    INT8 NOT NULL,
    CONSTRAINT tickets_pkey PRIMARY KEY (event_id, section_id, seat)
)
