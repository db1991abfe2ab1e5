-- What the tests ask of CockroachDB alone.

-- name: create_database_cockroach
CREATE DATABASE IF NOT EXISTS holdfast_suite

-- name: drop_database_cockroach
DROP DATABASE IF EXISTS holdfast_suite CASCADE

-- name: one_phase_commits_cockroach
-- Transactions that the node asked has committed in one phase since its start.
SELECT sum(value)::INT8 FROM crdb_internal.node_metrics WHERE name = 'txn.commits1PC'

-- name: allow_internals_cockroach
-- Newer servers show crdb_internal only to those who ask for it in so many words.
SET allow_unsafe_internals = true
