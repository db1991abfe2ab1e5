-- Where the others of its cluster find a node. NULL: it is part of none, or of a build that does not say.
ALTER TABLE nodes ADD COLUMN IF NOT EXISTS gossip TEXT
