-- What is sold now, a row a seat, from the log's point of view, under its booking's id, whichever sections that has others in. The
-- engine's own table of tickets is its second guard and has no names.
CREATE OR REPLACE VIEW people.tickets
    (event_id, event, starts_at, section, row_label, seat_label, seat, category, price, currency, booking_id, buyer, sold_at, as_of) AS
SELECT s.event_id, p.event, p.starts_at, p.section, s.row_label, s.seat_label, s.seat, s.category, s.price, p.currency,
    CASE WHEN b.leg THEN h.booking_id ELSE b.booking_id END, encode(b.buyer, 'hex'), b.confirmed_at, p.at
FROM people.seat AS s
JOIN people.booking AS b ON b.event_id = s.event_id AND b.section_id = s.section_id AND b.booking = s.booking
JOIN people.progress AS p ON p.event_id = s.event_id AND p.section_id = s.section_id
LEFT JOIN people.booking AS h ON b.leg AND NOT h.leg AND h.event_id = b.event_id AND h.section_id = b.order_home
    AND h.order_life = b.order_life AND h.order_count = b.order_count
WHERE b.state = 'confirmed'
