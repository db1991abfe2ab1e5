-- Bookings over several sections. A row is a booking; where leg is true, a section's part of one whose row is section order_home's, with
-- the same order_life and order_count. That row's seats, amount and sections are of all sections, and elsewhere_* list the seats in others.
ALTER TABLE people.booking
    ADD COLUMN IF NOT EXISTS leg                BOOL   NOT NULL DEFAULT false,
    ADD COLUMN IF NOT EXISTS confirming         BOOL   NOT NULL DEFAULT false,
    ADD COLUMN IF NOT EXISTS sections           TEXT[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS order_home         INT8,
    ADD COLUMN IF NOT EXISTS order_life         INT8,
    ADD COLUMN IF NOT EXISTS order_count        INT8,
    ADD COLUMN IF NOT EXISTS elsewhere_sections INT8[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS elsewhere_seats    INT8[] NOT NULL DEFAULT '{}'
