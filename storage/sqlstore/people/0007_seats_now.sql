-- status: available, held, sold, blocked, as on the public map; booking_state tells held from paying.
CREATE OR REPLACE VIEW people.seats_now
    (event_id, event, section, section_name, row_label, seat_label, seat, category, accessible, price, currency,
     status, booking_state, booking_id, buyer, held_until, changed_at, as_of) AS
SELECT s.event_id, p.event, p.section, p.section_name, s.row_label, s.seat_label, s.seat, s.category, s.accessible, s.price, p.currency,
    CASE WHEN b.state = 'confirmed' THEN 'sold' WHEN s.booking IS NOT NULL THEN 'held' WHEN s.blocked THEN 'blocked' ELSE 'available' END,
    b.state, b.booking_id, encode(b.buyer, 'hex'), CASE WHEN b.state = 'held' THEN b.expires_at END,
    coalesce(b.changed_at, s.changed_at), p.at
FROM people.seat AS s
JOIN people.progress AS p ON p.event_id = s.event_id AND p.section_id = s.section_id
LEFT JOIN people.booking AS b ON b.event_id = s.event_id AND b.section_id = s.section_id AND b.booking = s.booking
