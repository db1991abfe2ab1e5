-- The books of the pretended payment processor.

-- name: payment_put
INSERT INTO sandbox_payments (payment_id, status, amount, currency, detail)
VALUES ($1::TEXT, $2::TEXT, $3::INT8, $4::TEXT, $6::TEXT)
ON CONFLICT (payment_id) DO UPDATE
SET status = excluded.status, amount = excluded.amount, currency = excluded.currency, detail = excluded.detail
WHERE sandbox_payments.status || sandbox_payments.detail = ANY ($5::TEXT[])
RETURNING payment_id, status, amount, currency, detail

-- name: payment
SELECT payment_id, status, amount, currency, detail FROM sandbox_payments WHERE payment_id = $1::TEXT

-- name: payments_after
SELECT payment_id, status, amount, currency, detail FROM sandbox_payments WHERE payment_id > $1::TEXT ORDER BY payment_id LIMIT $2::INT8
