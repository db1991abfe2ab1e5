-- What the sections of a booking besides its own say of it: a row a section. state: bound, confirmed, released, refunded; it follows the
-- booking's, some milliseconds later or when the section can be reached again. booking_id is NULL where no such booking is (yet) shown.
CREATE OR REPLACE VIEW people.legs
    (event_id, event, section, booking_id, state, seats, amount, currency, buyer, bound_at, sold_at, ended_at, changed_at, as_of) AS
SELECT b.event_id, p.event, p.section, h.booking_id, b.state, b.seats, b.amount, p.currency, encode(b.buyer, 'hex'),
    b.placed_at, b.confirmed_at, b.ended_at, b.changed_at, p.at
FROM people.booking AS b
JOIN people.progress AS p ON p.event_id = b.event_id AND p.section_id = b.section_id
LEFT JOIN people.booking AS h ON NOT h.leg AND h.event_id = b.event_id AND h.section_id = b.order_home
    AND h.order_life = b.order_life AND h.order_count = b.order_count
WHERE b.leg
