-- Contact data of buyers.

-- name: contact
SELECT subject, email, phone, at FROM contacts WHERE subject = $1::TEXT

-- name: contact_put
INSERT INTO contacts (subject, email, phone, at) VALUES ($1::TEXT, $2::TEXT, $3::TEXT, $4::TIMESTAMPTZ)
ON CONFLICT (subject) DO UPDATE SET email = excluded.email, phone = excluded.phone, at = excluded.at

-- name: contact_forget
DELETE FROM contacts WHERE subject = $1::TEXT

-- name: contacts_after
SELECT subject, email, phone, at FROM contacts WHERE subject > $1::TEXT ORDER BY subject LIMIT $2::INT8
