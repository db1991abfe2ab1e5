package grammar

// planted are violations that must be found, and statements that must be let be.
var planted = []struct {
	name string
	file string // "queries/x.sql" unless told
	text string
	want string // part of a finding; "" for none
}{
	{name: "typing error", text: "SELEC seq FROM section_log", want: "does not understand"},
	{name: "DO block", text: "DO $$ BEGIN NULL; END $$", want: "does not understand"},
	{name: "LISTEN", text: "LISTEN a", want: "does not understand"},
	{name: "NOTIFY", text: "NOTIFY a", want: "does not understand"},
	{
		name: "MERGE", text: "MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DO NOTHING",
		want: "does not understand",
	},
	{name: "domain", text: "CREATE DOMAIN a AS INT8", want: "does not understand"},
	{name: "DEFERRABLE", text: "BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE", want: "no DEFERRABLE"},
	{
		name: "DEFERRABLE constraint",
		text: "CREATE TABLE IF NOT EXISTS a (n INT8, CONSTRAINT b UNIQUE (n) DEFERRABLE)", want: "does not understand",
	},
	{name: "one instant, to read", text: "BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY"},
	{name: "nothing", text: "-- only a remark\n", want: "no statement"},
	{name: "two at a time", text: "SELECT 1; SELECT 2", want: "2 statements"},
	{name: "script", file: "advice.sql", text: "SELECT 1; SELECT 2"},
	{name: "star", text: "SELECT * FROM tickets", want: "no SELECT *"},
	{name: "star of a table", text: "SELECT t.* FROM tickets AS t", want: "no SELECT *"},
	{name: "star in a CTE", text: "WITH a AS (SELECT * FROM b) SELECT a.x FROM a", want: "no SELECT *"},
	{name: "star in RETURNING", text: "INSERT INTO a (x) VALUES (1) RETURNING *", want: "no SELECT *"},
	{name: "count of rows", text: "SELECT count(*) FROM a"},
	{name: "SERIAL", text: "CREATE TABLE IF NOT EXISTS a (id SERIAL)", want: "no SERIAL"},
	{name: "SERIAL8", text: "CREATE TABLE IF NOT EXISTS a (id SERIAL8)", want: "no SERIAL"},
	{name: "identity", text: "CREATE TABLE IF NOT EXISTS a (id INT8 GENERATED ALWAYS AS IDENTITY)", want: "no SERIAL"},
	{name: "sequence", text: "CREATE SEQUENCE a", want: "no SERIAL"},
	{name: "bare INT column", text: "CREATE TABLE IF NOT EXISTS a (n INT)", want: "INT without a width"},
	{name: "bare INTEGER cast", text: "SELECT $1::INTEGER", want: "INT without a width"},
	{name: "bare parameter", text: "SELECT seq FROM a WHERE seq > $1", want: "$1: every parameter"},
	{
		name: "bare parameter in an upsert", text: "INSERT INTO a (x) VALUES (1) ON CONFLICT (x) DO UPDATE SET x = $1",
		want: "$1: every parameter",
	},
	{name: "bare parameter in a LIMIT", text: "SELECT x FROM a LIMIT $2", want: "$2: every parameter"},
	{name: "cast parameters", text: "SELECT x FROM a WHERE x = ANY ($1::INT8[]) LIMIT $2::INT8"},
	{name: "division", text: "SELECT seq / 2 FROM a", want: "no integer division"},
	{name: "division of fractions", text: "SELECT seq::FLOAT8 / 2 FROM a"},
	{
		name: "two mutations",
		text: "WITH a AS (DELETE FROM t WHERE x = 1 RETURNING x) INSERT INTO t (x) SELECT a.x FROM a",
		want: "no two mutations",
	},
	{name: "two tables", text: "WITH a AS (DELETE FROM t WHERE x = 1 RETURNING x) INSERT INTO u (x) SELECT a.x FROM a"},
	{name: "advisory lock", text: "SELECT pg_advisory_lock(1)", want: "no advisory locks"},
	{name: "columns by place", text: "INSERT INTO a VALUES (1)", want: "names its columns"},
	{name: "step that cannot be repeated", text: "CREATE TABLE a (n INT8)", want: "can be repeated"},
	{name: "view that cannot be repeated", text: "CREATE VIEW a AS SELECT 1", want: "can be repeated"},
	{name: "foreign key", text: "CREATE TABLE IF NOT EXISTS a (n INT8 REFERENCES b (n))", want: "no foreign keys"},
	{
		name: "foreign key of a table", text: "CREATE TABLE IF NOT EXISTS a (n INT8, FOREIGN KEY (n) REFERENCES b (n))",
		want: "no foreign keys",
	},
	{name: "index of the log", text: "CREATE INDEX IF NOT EXISTS a ON section_log (writer)", want: "one key"},
	{name: "index in the log", text: "CREATE TABLE IF NOT EXISTS section_log (n INT8, INDEX a (n))", want: "one key"},
	{name: "unique column of the log", text: "CREATE TABLE IF NOT EXISTS section_log (n INT8 UNIQUE)", want: "one key"},
	{
		name: "families of the log", text: "CREATE TABLE IF NOT EXISTS section_log (n INT8, FAMILY a (n))",
		want: "one key",
	},
	{name: "index of another table", text: "CREATE INDEX IF NOT EXISTS a ON tickets (booking)"},
	{name: "log updated", text: "UPDATE section_log AS l SET epoch = 1 WHERE l.seq = 1", want: "only ever appended"},
	{
		name: "log deleted in a CTE",
		text: "WITH a AS (DELETE FROM public.section_log WHERE seq = 1 RETURNING seq) SELECT a.seq FROM a",
		want: "only ever appended",
	},
	{name: "log emptied", text: "TRUNCATE TABLE section_log", want: "only ever appended"},
	{name: "log damaged by a test", file: "testdata/x.sql", text: "UPDATE section_log SET epoch = 1 WHERE seq = 1"},
	{
		name: "fence swallowed", text: "INSERT INTO section_log (seq) VALUES (1) ON CONFLICT DO NOTHING",
		want: "the fence",
	},
	{name: "PostgreSQL's own file", file: "people/0001_x_postgres.sql", text: "LISTEN a"},
	{name: "PostgreSQL's own statement", file: "queries/x.sql", text: "-- name: listen_postgres\nLISTEN a"},
	{name: "append", text: "INSERT INTO section_log (seq, body) VALUES ($1::INT8, $2::BYTEA)"},
}
