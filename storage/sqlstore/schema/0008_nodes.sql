-- Heartbeats: who is alive for the purpose of takeover. Nobody's safety depends on this table.
CREATE TABLE IF NOT EXISTS nodes (
    writer UUID        NOT NULL,
    name   TEXT        NOT NULL,
    at     TIMESTAMPTZ NOT NULL,
    CONSTRAINT nodes_pkey PRIMARY KEY (writer)
)
