-- state: held, paying, confirmed, released, expired, refunded. as_of: the time of the section's newest record that is shown.
CREATE OR REPLACE VIEW people.bookings
    (event_id, event, section, booking_id, state, seats, split, amount, currency, buyer,
     placed_at, expires_at, confirmed_at, ended_at, changed_at, as_of) AS
SELECT b.event_id, p.event, p.section, b.booking_id, b.state, b.seats, b.split, b.amount, p.currency, encode(b.buyer, 'hex'),
    b.placed_at, b.expires_at, b.confirmed_at, b.ended_at, b.changed_at, p.at
FROM people.booking AS b
JOIN people.progress AS p ON p.event_id = b.event_id AND p.section_id = b.section_id
