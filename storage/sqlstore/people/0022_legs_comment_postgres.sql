-- For PostgreSQL only: CockroachDB has no comments on views. There the schema's own comment says it.
COMMENT ON VIEW people.legs IS 'eventually consistent, derived from section_log, never consulted to grant'
