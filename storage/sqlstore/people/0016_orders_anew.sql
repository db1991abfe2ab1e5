-- Events with legs that an older build took for bookings, which are those that ended ten seconds after they were placed, are derived
-- anew. Of a log whose first records were cut the rows stay as they are. It marks itself as taken, or a projector that comes late would
-- forget what another has derived since.
WITH mine AS (
    INSERT INTO people.steps (step, name) VALUES (16, '0016_orders_anew') ON CONFLICT (step) DO NOTHING RETURNING step
), stale AS (
    SELECT p.event_id, p.section_id FROM people.progress AS p
    WHERE p.event_id IN (SELECT b.event_id FROM people.booking AS b WHERE b.expires_at = b.placed_at + INTERVAL '10 seconds')
        AND EXISTS (SELECT 1 FROM section_log AS l
            WHERE l.shard = p.shard AND l.event_id = p.event_id AND l.section_id = p.section_id AND l.seq = 1)
        AND EXISTS (SELECT 1 FROM mine)
), back AS (
    UPDATE people.progress AS p SET seq = 0, epoch = 0, at = NULL, hash = decode(repeat('00', 32), 'hex')
    FROM stale AS s WHERE p.event_id = s.event_id AND p.section_id = s.section_id
    RETURNING p.event_id
), free AS (
    UPDATE people.seat AS t SET booking = NULL, blocked = false, changed_at = NULL
    FROM stale AS s WHERE t.event_id = s.event_id AND t.section_id = s.section_id
    RETURNING t.event_id
)
DELETE FROM people.booking AS b
WHERE EXISTS (SELECT 1 FROM stale AS s WHERE b.event_id = s.event_id AND b.section_id = s.section_id)
