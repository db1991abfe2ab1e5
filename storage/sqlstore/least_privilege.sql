-- The rights of the two roles that Holdfast needs besides the owner of its tables, for CockroachDB and PostgreSQL alike.
--
--   owner             runs `holdfast migrate`, owns the tables, serves nobody
--   holdfast_engine   runs `holdfast serve`: it may add to the log and read it, and never change or remove a record of it
--   holdfast_auditor  runs `holdfast audit` and looks: it may write nothing, and may read neither the key of ticket codes nor those of pseudonyms
--
-- Run it as the owner after the first `holdfast migrate` (the owner may create roles, or an administrator runs the first two statements), and the
-- GRANT statements again after each later one that brought a table: to grant what is granted changes nothing. Where the tables are in
-- another schema than public, name that one. Both roles are groups that cannot log in. Give each process its own user:
--
--   CREATE USER holdfast_node_1 WITH PASSWORD '…'
--   GRANT holdfast_engine TO holdfast_node_1
--
-- `holdfast serve` looks for missing schema steps when it starts. As long as none is missing it asks for nothing but SELECT; when one is
-- missing, a user without the right to create tables is told to have the owner migrate, and does not start.

CREATE ROLE holdfast_engine;

CREATE ROLE holdfast_auditor;

GRANT USAGE ON SCHEMA public TO holdfast_engine, holdfast_auditor;

-- The log. No UPDATE, no DELETE, no TRUNCATE: whoever steals a node's password can add nonsense at the end, where the hash chain and the
-- next takeover show it, but cannot rewrite what was sold.
GRANT SELECT, INSERT ON TABLE section_log TO holdfast_engine;

-- The second guard of no-oversell. A refund gives the seat back, hence DELETE. No UPDATE: a ticket never changes hands in place.
GRANT SELECT, INSERT, DELETE ON TABLE tickets TO holdfast_engine;

-- Snapshots are replaced by newer ones.
GRANT SELECT, INSERT, UPDATE ON TABLE snapshots TO holdfast_engine;
GRANT SELECT, INSERT, DELETE ON TABLE snapshot_parts TO holdfast_engine;

-- Events are made, and their sale opened and closed. They are never removed: a deleted one is marked, and keeps its log.
GRANT SELECT, INSERT, UPDATE ON TABLE events TO holdfast_engine;
-- Idempotency keys of operators' calls. They are forgotten, hence DELETE. No UPDATE: what a key was used for never changes.
GRANT SELECT, INSERT, DELETE ON TABLE operator_keys TO holdfast_engine;
GRANT SELECT, INSERT ON TABLE venue_parts TO holdfast_engine;
-- The keys of buyers' pseudonyms. DELETE destroys one (holdfast forget). No UPDATE: a key never changes.
GRANT SELECT, INSERT, DELETE ON TABLE event_keys TO holdfast_engine;
-- What tickets are signed with. A key is neither changed nor dropped.
GRANT SELECT, INSERT ON TABLE ticket_keys TO holdfast_engine;
-- How buyers are reached. UPDATE: a buyer gives another address. DELETE: it is erased (holdfast forget --buyer).
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE contacts TO holdfast_engine;

-- The key of ticket codes and the store's id are made once; only the owner may give the store another id (holdfast store new-id).
GRANT SELECT, INSERT ON TABLE store_meta TO holdfast_engine;

-- Heartbeats.
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE nodes TO holdfast_engine;

-- The books of the pretended payment processor. With a real one, leave this out.
GRANT SELECT, INSERT, UPDATE ON TABLE sandbox_payments TO holdfast_engine;

-- How far the events of the payment processor were read.
GRANT SELECT, INSERT, UPDATE ON TABLE payment_cursors TO holdfast_engine;

-- What feeds keep: how far consumers were told, what is told again, their endpoints.
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE feed_items TO holdfast_engine;

-- Which schema steps were taken.
GRANT SELECT ON TABLE schema_steps TO holdfast_engine;

-- Everything that an audit reads. store_meta and ticket_keys are not among it: who can read those keys can make ticket codes. Nor is
-- event_keys: who can read those can look people up in the log.
GRANT SELECT ON TABLE section_log, tickets, snapshots, snapshot_parts, events, venue_parts, operator_keys, nodes, sandbox_payments,
    payment_cursors, schema_steps TO holdfast_auditor;
