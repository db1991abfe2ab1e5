-- The books of the pretended payment processor, shared by all nodes. A real processor keeps its own; this table then stays empty.
CREATE TABLE IF NOT EXISTS sandbox_payments (
    payment_id TEXT NOT NULL,
    status     TEXT NOT NULL,
    amount     INT8 NOT NULL,
    currency   TEXT NOT NULL,
    CONSTRAINT sandbox_payments_pkey PRIMARY KEY (payment_id)
)
