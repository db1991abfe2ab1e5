-- complete_to: whatever was in a log at that moment is shown. Old or NULL means that no projector runs, or that it has stopped at a log.
CREATE OR REPLACE VIEW people.freshness (complete_to, newest_record, sections) AS
SELECT (SELECT r.complete_to FROM people.rounds AS r WHERE r.one = 1), max(p.at), count(p.section_id)
FROM people.progress AS p
