-- What the pretended payment processor keeps of a payment besides, as one JSON object: refunds, challenges, times.
ALTER TABLE sandbox_payments ADD COLUMN IF NOT EXISTS detail TEXT NOT NULL DEFAULT ''
