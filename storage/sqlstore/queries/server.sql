-- Asking the server what it is.

-- name: version
SELECT version()

-- name: durability
-- PostgreSQL only: what its "committed" is worth.
SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes')
