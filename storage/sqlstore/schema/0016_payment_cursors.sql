-- How far the events of a payment processor's account were read, and what of them is still open: one row an account, for all nodes.
CREATE TABLE IF NOT EXISTS payment_cursors (
    account  TEXT NOT NULL,
    revision INT8 NOT NULL,
    body     TEXT NOT NULL,
    CONSTRAINT payment_cursors_pkey PRIMARY KEY (account)
)
