-- Which store this is. Nodes of one gossip tell each other, so that two databases are not taken for one. A restored copy has the id of its
-- original until somebody gives it another: holdfast store new-id.
INSERT INTO store_meta (name, value) VALUES ('store_id', decode(replace(gen_random_uuid()::TEXT, '-', ''), 'hex'))
ON CONFLICT (name) DO NOTHING
