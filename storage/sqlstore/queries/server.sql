-- Asking the server what it is.

-- name: version
SELECT version()

-- name: durability
-- PostgreSQL only: what its "committed" is worth.
SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes')

-- name: standbys
-- PostgreSQL only: whom a commit waits for, and who follows. A role that may not look sees rows without their state.
SELECT current_setting('synchronous_standby_names'), current_setting('synchronous_commit'), count(*),
  count(*) FILTER (WHERE sync_state IN ('sync', 'quorum'))
FROM pg_stat_replication
