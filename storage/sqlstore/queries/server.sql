-- Asking the server what it is.

-- name: version
SELECT version()
