-- state: held, paying, confirmed, released, expired, refunded. A booking over several sections is one row: section is where its log is,
-- sections are all in which it has (or had) seats. confirming: paid, and some of them may not have sold its seats yet. as_of: the time of
-- the newest record that is shown, of the section whose log it is in.
CREATE OR REPLACE VIEW people.bookings
    (event_id, event, section, booking_id, state, seats, split, amount, currency, buyer,
     placed_at, expires_at, confirmed_at, ended_at, changed_at, as_of, sections, confirming) AS
SELECT b.event_id, p.event, p.section, b.booking_id, b.state, b.seats, b.split, b.amount, p.currency, encode(b.buyer, 'hex'),
    b.placed_at, b.expires_at, b.confirmed_at, b.ended_at, b.changed_at, p.at,
    CASE WHEN b.order_count IS NULL THEN ARRAY[p.section] ELSE b.sections END, b.confirming
FROM people.booking AS b
JOIN people.progress AS p ON p.event_id = b.event_id AND p.section_id = b.section_id
WHERE NOT b.leg
