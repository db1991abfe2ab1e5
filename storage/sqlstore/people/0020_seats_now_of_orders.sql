-- status: available, held, sold, blocked, as on the public map. booking_state and booking_id are of the booking that has the seat, whichever
-- sections it has others in; they are NULL, and bound, of a seat that is bound for a booking which is not shown (yet).
CREATE OR REPLACE VIEW people.seats_now
    (event_id, event, section, section_name, row_label, seat_label, seat, category, accessible, price, currency,
     status, booking_state, booking_id, buyer, held_until, changed_at, as_of) AS
SELECT s.event_id, p.event, p.section, p.section_name, s.row_label, s.seat_label, s.seat, s.category, s.accessible, s.price, p.currency,
    CASE WHEN b.state = 'confirmed' THEN 'sold' WHEN s.booking IS NOT NULL THEN 'held' WHEN s.blocked THEN 'blocked' ELSE 'available' END,
    coalesce(h.state, b.state), CASE WHEN b.leg THEN h.booking_id ELSE b.booking_id END, encode(b.buyer, 'hex'),
    CASE WHEN h.state = 'held' THEN h.expires_at WHEN b.state = 'held' THEN b.expires_at END,
    coalesce(b.changed_at, s.changed_at), p.at
FROM people.seat AS s
JOIN people.progress AS p ON p.event_id = s.event_id AND p.section_id = s.section_id
LEFT JOIN people.booking AS b ON b.event_id = s.event_id AND b.section_id = s.section_id AND b.booking = s.booking
LEFT JOIN people.booking AS h ON b.leg AND NOT h.leg AND h.event_id = b.event_id AND h.section_id = b.order_home
    AND h.order_life = b.order_life AND h.order_count = b.order_count
