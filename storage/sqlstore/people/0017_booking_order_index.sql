-- From a leg to its booking.
CREATE INDEX IF NOT EXISTS booking_order ON people.booking (event_id, section_id, order_life, order_count)
WHERE order_count IS NOT NULL AND NOT leg
