-- Idempotency keys of operators' calls that no log remembers. event_id is all zeros where a call is about no event. The second key is
-- the order in which an event's keys are forgotten.
CREATE TABLE IF NOT EXISTS operator_keys (
    request     UUID        NOT NULL,
    event_id    UUID        NOT NULL,
    fingerprint INT8        NOT NULL,
    at          TIMESTAMPTZ NOT NULL,
    CONSTRAINT operator_keys_pkey PRIMARY KEY (request),
    CONSTRAINT operator_keys_age UNIQUE (event_id, at, request)
)
