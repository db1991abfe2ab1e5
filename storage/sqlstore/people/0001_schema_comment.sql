COMMENT ON SCHEMA people IS 'eventually consistent, derived from section_log by holdfast views, never consulted to grant; may be dropped and rebuilt at any time'
