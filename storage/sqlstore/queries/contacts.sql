-- Contact data of buyers.

-- name: contact
SELECT subject, email, phone, language, at FROM contacts WHERE subject = $1::TEXT

-- name: contact_put
INSERT INTO contacts (subject, email, phone, language, at) VALUES ($1::TEXT, $2::TEXT, $3::TEXT, $4::TEXT, $5::TIMESTAMPTZ)
ON CONFLICT (subject) DO UPDATE SET email = excluded.email, phone = excluded.phone, language = excluded.language, at = excluded.at

-- name: contact_forget
DELETE FROM contacts WHERE subject = $1::TEXT

-- name: contacts_after
SELECT subject, email, phone, language, at FROM contacts WHERE subject > $1::TEXT ORDER BY subject LIMIT $2::INT8
