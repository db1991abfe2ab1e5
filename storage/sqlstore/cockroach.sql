-- What CockroachDB can do for Holdfast beyond the statements that both servers understand. Nothing here is needed for any promise, and none
-- of it is run by the program: an operator picks what fits, and runs it as the owner after `holdfast migrate`. PostgreSQL understands
-- none of it.
--
-- Every statement is parsed with CockroachDB's own grammar by a test. That says nothing of what a given version's licence allows.

-- 1. Ranges for the log before the first rush ------------------------------------------------------------------------------------------
--
-- A table starts as one range, and one range has one leaseholder: until CockroachDB has seen enough load to split it, a first on-sale
-- is written by one processor of one node. The log's key begins with a shard from 0 to 63, computed from (event, section), so the
-- borders are known before there is a row. Splits made by hand stay: without WITH EXPIRATION they are not merged away while the house
-- is quiet. 64 small ranges cost next to nothing. Busy shards are split further by load, between sections.
ALTER TABLE section_log SPLIT AT SELECT generate_series(1, 63)::INT2;

-- Splitting leaves all of them where the one range was. This spreads leaseholders over the nodes now, not in the minutes after the doors open.
ALTER TABLE section_log SCATTER;

-- The other tables need no help: tickets are written only by sales, which come at the speed of payments, and the rest is small.

-- 2. Where the log lives ---------------------------------------------------------------------------------------------------------------
--
-- An append waits for a majority of its range's replicas, and holds up its section meanwhile. The majority should be near the nodes that
-- run the sections: keep leaseholders and a quorum in one region, and survive the loss of a zone rather than of a region, unless you
-- want to pay a round trip between regions for every hold. In a multi-region database (names are the --locality that the nodes were started with):
ALTER DATABASE holdfast SET PRIMARY REGION "eu-west-1";
ALTER DATABASE holdfast SURVIVE ZONE FAILURE;
ALTER TABLE section_log SET LOCALITY REGIONAL BY TABLE IN PRIMARY REGION;
ALTER TABLE tickets SET LOCALITY REGIONAL BY TABLE IN PRIMARY REGION;

-- REGIONAL BY ROW is wrong for both tables: it adds a region to the primary key, so that one key could stand twice, once a region, unless
-- every insert asks all regions. The log's key is the lock and has to be one.
--
-- Without regions, the same is said by zone configuration. Five replicas survive two nodes, and cost little more than three: an append
-- still waits for the median, not for the slowest.
ALTER TABLE section_log CONFIGURE ZONE USING num_replicas = 5, lease_preferences = '[[+region=eu-west-1]]';
ALTER TABLE tickets CONFIGURE ZONE USING num_replicas = 5, lease_preferences = '[[+region=eu-west-1]]';

-- 3. Reading without disturbing those who sell -----------------------------------------------------------------------------------------
--
-- A read of the present goes to the leaseholder, which is busy. A read a few seconds in the past can be answered by any replica near by.
-- It is as exact as any other, only of an earlier instant: right for people's questions, wrong for whoever grants seats, which is why the
-- engine never asks like this. For one statement:
SELECT count(1) FROM tickets AS OF SYSTEM TIME follower_read_timestamp() WHERE event_id = '00000000-0000-4000-8000-000000000000'::UUID;

-- For everything a report asks, at one instant:
BEGIN READ ONLY, AS OF SYSTEM TIME follower_read_timestamp();
SELECT event_id, count(1) FROM tickets GROUP BY event_id ORDER BY event_id;
COMMIT;

-- `holdfast audit` reads a transaction of the past too, but only a microsecond old, so that what was acknowledged before it began is in it.
--
-- follower_read_timestamp() lies a little further back than closed timestamps, which trail the present by kv.closed_timestamp.target_duration
-- (3 s). A smaller value gives fresher follower reads, and makes CockroachDB move more of the writes in flight to a later timestamp. For
-- Holdfast there is nothing to gain: leave it.

-- 4. How long the past is kept ---------------------------------------------------------------------------------------------------------
--
-- An audit that looks at one instant can do so only as long as gc.ttlseconds reach back to it (four hours unless told). Rows of the log and tickets
-- are hardly ever replaced, so keeping more of their past costs nothing:
ALTER TABLE section_log CONFIGURE ZONE USING gc.ttlseconds = 90000;
ALTER TABLE tickets CONFIGURE ZONE USING gc.ttlseconds = 90000;

-- Snapshots and heartbeats are nothing but replacements: two heartbeats a second leave 28,800 dead versions of a row in four hours, and reading
-- the row means stepping over them. An audit reads snapshots at its instant: the hour is what it may take.
ALTER TABLE snapshots CONFIGURE ZONE USING gc.ttlseconds = 3600;
ALTER TABLE snapshot_parts CONFIGURE ZONE USING gc.ttlseconds = 3600;
ALTER TABLE nodes CONFIGURE ZONE USING gc.ttlseconds = 600;

-- 5. No statistics of the log ----------------------------------------------------------------------------------------------------------
--
-- Statistics are collected by reading the whole table, again and again as it grows. Every statement on the log names the beginning of its
-- primary key, so there is nothing to choose between and nothing to learn.
ALTER TABLE section_log SET (sql_stats_automatic_collection_enabled = false);

-- 6. Retention: old records of the log -------------------------------------------------------------------------------------------------
--
-- READ THIS FIRST. Row-level TTL deletes records by their age, and it is the one thing here that takes something away:
--
--   * An audit from the first record is no longer possible for a section that lost its beginning. The hash chain still ties together what is
--     left; what the cut-off past said can no longer be proven. Export or copy the log first if you have to keep the proof.
--   * A section needs a snapshot beyond the cut, and the record that its snapshot ends with. Without them it does not load, and says so.
--   * THE END OF A LOG IS THE LOCK. A section that nobody touched for longer than the interval loses its last record too: its log then looks
--     as if it had never begun, and whoever claims it next starts from nothing. The tickets table still refuses a second sale of a sold
--     seat, but that is the last guard, not the first.
--
-- So the interval has to be longer than any event lives, from the first record to the end of the show and of the refunds after it. Then what
-- goes is only ever the history of events that are over, whole. The figure is an example for sales that open at most a year ahead.
--
-- The expression uses the column that is there. (ttl_expire_after would add a hidden column to every record.) The rate limit is for each
-- node: deleting must not be heard by those who append.
ALTER TABLE section_log SET (
    ttl_expiration_expression = '((at AT TIME ZONE ''UTC'') + INTERVAL ''800 days'') AT TIME ZONE ''UTC''',
    ttl_job_cron = '@daily',
    ttl_delete_rate_limit = 100
);

-- To stop it:
ALTER TABLE section_log RESET (ttl);
