package sqlstore

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast/storage/sqlstore/pgtest"
)

// TestEveryStatementIsValidOnPostgreSQL asks the server itself, which knows the tables as the grammar does not. What a
// parameter is must be plain from the text.
func TestEveryStatementIsValidOnPostgreSQL(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	if err := openAt(t, address, Options{}).Views().Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for name, statement := range statements {
		if strings.HasSuffix(name, "_cockroach") {
			continue
		}
		statement, parameters := dense(statement)
		prepared, err := conn.Prepare(t.Context(), name, statement)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(prepared.ParamOIDs) != parameters || slices.Contains(prepared.ParamOIDs, 0) {
			t.Errorf("%s: the text has %d parameters, the server sees types %v", name, parameters, prepared.ParamOIDs)
		}
	}
	if len(statements) < 20 {
		t.Errorf("only %d statements", len(statements))
	}
}

var parameter = regexp.MustCompile(`\$[0-9]+`)

// dense numbers a statement's parameters from 1 without gaps. Those of refund_tickets go on where append_selling's end,
// because both are sent as one text; alone, a server would ask what the others are.
func dense(statement string) (renumbered string, parameters int) {
	numbers := map[string]string{}
	renumbered = parameter.ReplaceAllStringFunc(statement, func(old string) string {
		if numbers[old] == "" {
			numbers[old] = "$" + strconv.Itoa(len(numbers)+1)
		}
		return numbers[old]
	})
	return renumbered, len(numbers)
}

// goFiles parses what of this package is no test.
func goFiles(t *testing.T) (parsed map[string]*ast.File) {
	t.Helper()
	names, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	parsed = map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed[name] = file
	}
	if len(parsed) < 5 {
		t.Fatalf("only %d Go files found: the checks would pass on nothing", len(parsed))
	}
	return parsed
}

// literals gives the texts of a file.
func literals(file *ast.File) (texts []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				texts = append(texts, text)
			}
		}
		return true
	})
	return texts
}

// likeSQL knows a statement by its first word, or by words that stand together nowhere else.
var likeSQL = regexp.MustCompile(
	`^\s*(SELECT|INSERT|UPDATE|UPSERT|DELETE|WITH|VALUES|CREATE|ALTER|DROP|TRUNCATE|GRANT|REVOKE|SET|SHOW|BEGIN|START|` +
		`COMMIT|ROLLBACK|SAVEPOINT|RELEASE|EXPLAIN|LOCK|ANALYZE|COMMENT|DECLARE|FETCH|COPY|PREPARE|EXECUTE)\b` +
		`|(?is)\bselect\s.*\sfrom\s|\binsert\s+into\s|\bdelete\s+from\s|\bupdate\s+\w+\s+set\s`,
)

// TestNoSQLOutsideOfItsFiles: a statement in Go would be read by no grammar.
func TestNoSQLOutsideOfItsFiles(t *testing.T) {
	for name, file := range goFiles(t) {
		for _, text := range literals(file) {
			if likeSQL.MatchString(text) {
				t.Errorf("%s: %.60q: a statement stands in queries, under a name", name, text)
			}
		}
	}
}

func TestPlantedSQLIsFound(t *testing.T) {
	for text, found := range map[string]bool{
		"SELECT 1": true, "\n\tWITH a AS": true, "BEGIN": true, "SET x = 1": true, "COMMIT; SELECT 1": true,
		"select a from b": true, "x; insert into a (b)": true, "update a set b = 1": true,
		"SELECTION": false, "the server has synchronous_commit = off": false, "with what is special": false,
		"committed": false,
	} {
		if likeSQL.MatchString(text) != found {
			t.Errorf("%q: found is not %v", text, found)
		}
	}
}

// TestEveryStatementIsUsed: one that nobody sends is checked for nothing and believed to be needed.
func TestEveryStatementIsUsed(t *testing.T) {
	used := map[string]bool{}
	for _, file := range goFiles(t) {
		for _, text := range literals(file) {
			used[text] = true
		}
	}
	for name := range statements {
		if !used[name] {
			t.Errorf("queries: nobody sends %s", name)
		}
	}
}
