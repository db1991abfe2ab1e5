-- Which language a buyer reads: mails are written in it. Nodes that do not know of it leave it as it is.
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS language TEXT NOT NULL DEFAULT ''
