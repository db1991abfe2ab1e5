-- Steps already taken. The table that remembers them is the only one made outside the numbered steps.

-- name: migrations_table
CREATE TABLE IF NOT EXISTS schema_steps (
    step       INT8        NOT NULL,
    name       TEXT        NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT schema_steps_pkey PRIMARY KEY (step)
)

-- name: migrations_taken
SELECT step FROM schema_steps ORDER BY step

-- name: migration_done
INSERT INTO schema_steps (step, name) VALUES ($1::INT8, $2::TEXT) ON CONFLICT (step) DO NOTHING
