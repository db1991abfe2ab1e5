package grammar

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/cockroachdb-parser/pkg/sql/sem/tree"
	"github.com/cockroachdb/cockroachdb-parser/pkg/sql/sem/tree/treebin"
	"github.com/cockroachdb/cockroachdb-parser/pkg/sql/types"
)

// rule is one of the store's rules of SQL.
type rule struct {
	why string
	// broken gives the places where a statement breaks the rule.
	broken func(statement tree.Statement) []string
	// exempt names the files, by prefix, where the rule does not hold.
	exempt []string
}

const (
	theLog    = "section_log"
	testFiles = "testdata/"
)

// rules in the order of DESIGN's list, then what the log needs to be the lock.
var rules = []rule{
	{why: "no SELECT *: a column that is added must not change what a statement answers", broken: stars},
	{
		why:    "no SERIAL and no sequences: on CockroachDB they are not dense, and each is a round trip of its own",
		broken: serials,
	},
	{why: "every parameter is cast: the two servers guess types differently", broken: bareParameters},
	{why: "no integer division: CockroachDB's / gives a decimal", broken: divisions},
	{why: "no two mutations of one table in one statement: CockroachDB refuses them", broken: doubleMutations},
	{why: "no advisory locks: CockroachDB's do nothing", broken: advisoryLocks},
	{why: "no DEFERRABLE: CockroachDB reads the word and does nothing about it", broken: deferrables},
	{why: "an INSERT names its columns", broken: namelessInserts},
	{why: "DDL can be repeated: steps are run by ten nodes at once", broken: unrepeatable, exempt: []string{testFiles}},
	{why: "no foreign keys: each makes one key two ranges", broken: foreignKeys},
	{
		why:    "the log has one key and one column family, else CockroachDB cannot commit an append in one phase",
		broken: logIndexes,
	},
	{why: "the log is only ever appended to", broken: logChanges, exempt: []string{testFiles}},
	{
		why: "an append that meets its key must hear of it: that is the fence", broken: logConflicts,
		exempt: []string{testFiles},
	},
}

// Check holds one source against the grammar and the rules and lists what it breaks.
func Check(s Source) (findings []string) {
	if s.PostgresOnly() {
		return nil
	}
	statements, err := Parse(s.Text)
	if err != nil {
		return []string{fmt.Sprintf("%v: CockroachDB does not understand it: %v", s, err)}
	}
	if len(statements) == 0 {
		return []string{fmt.Sprintf("%v: no statement", s)}
	}
	if len(statements) > 1 && single(s) {
		findings = append(findings, fmt.Sprintf("%v: %d statements where one is sent at a time", s, len(statements)))
	}
	if bareInt(s.Text, statements) {
		findings = append(
			findings,
			fmt.Sprintf(
				"%v: INT without a width is 4 bytes on one server and 8 on the other: write INT8, INT4 or INT2", s,
			),
		)
	}
	for _, statement := range statements {
		for _, r := range rules {
			if slices.ContainsFunc(r.exempt, func(prefix string) bool { return strings.HasPrefix(s.File, prefix) }) {
				continue
			}
			for _, place := range r.broken(statement) {
				findings = append(findings, fmt.Sprintf("%v: %s: %s", s, place, r.why))
			}
		}
	}
	return findings
}

// single tells whether a source is sent as one: named statements and the numbered steps are, an operator's scripts are
// not.
func single(s Source) bool { return s.Name != "" || strings.Contains(s.File, "/") }

// bareInt tells whether the text means something else to a server whose INT has another width.
func bareInt(text string, statements []tree.Statement) bool {
	narrow, err := parseWithInt(text, types.Int4)
	return err == nil &&
		!slices.EqualFunc(
			statements, narrow, func(a, b tree.Statement) bool { return tree.AsString(a) == tree.AsString(b) },
		)
}

// find lists what pick says of every node of a statement.
func find(statement tree.Statement, pick func(node, parent any) string) (places []string) {
	inspect(statement, func(node, parent any) {
		if place := pick(node, parent); place != "" {
			places = append(places, place)
		}
	})
	return places
}

func stars(statement tree.Statement) []string {
	return find(statement, func(node, _ any) string {
		if e, ok := node.(tree.SelectExpr); ok && isStar(e.Expr) {
			return tree.AsString(&e)
		}
		return ""
	})
}

// isStar knows t.* also before names are resolved, when it is a name with a star for its last part.
func isStar(e tree.Expr) bool {
	switch star := e.(type) {
	case tree.UnqualifiedStar, *tree.AllColumnsSelector, *tree.TupleStar:
		return true
	case *tree.UnresolvedName:
		return star.Star
	}
	return false
}

func serials(statement tree.Statement) []string {
	return find(statement, func(node, _ any) string {
		switch n := node.(type) {
		case *tree.ColumnTableDef:
			if n.IsSerial || n.GeneratedIdentity.IsGeneratedAsIdentity {
				return n.Name.String()
			}
		case *tree.CreateSequence:
			return n.Name.String()
		}
		return ""
	})
}

func bareParameters(statement tree.Statement) []string {
	return find(statement, func(node, parent any) string {
		parameter, ok := node.(*tree.Placeholder)
		if _, cast := parent.(*tree.CastExpr); !ok || cast {
			return ""
		}
		return parameter.String()
	})
}

// divisions lets through what says that it is none of integers.
func divisions(statement tree.Statement) []string {
	return find(statement, func(node, _ any) string {
		e, ok := node.(*tree.BinaryExpr)
		if !ok || e.Operator.Symbol != treebin.Div || isFraction(e.Left) || isFraction(e.Right) {
			return ""
		}
		return tree.AsString(e)
	})
}

func isFraction(e tree.Expr) bool {
	cast, ok := e.(*tree.CastExpr)
	if !ok {
		return false
	}
	to, ok := cast.Type.(*types.T)
	return ok && (to.Family() == types.DecimalFamily || to.Family() == types.FloatFamily)
}

func advisoryLocks(statement tree.Statement) []string {
	return find(statement, func(node, _ any) string {
		if call, ok := node.(*tree.FuncExpr); ok && strings.Contains(call.Func.String(), "advisory") {
			return call.Func.String()
		}
		return ""
	})
}

func deferrables(statement tree.Statement) []string {
	return find(statement, func(node, _ any) string {
		if modes, ok := node.(tree.TransactionModes); ok && modes.Deferrable == tree.Deferrable {
			return "DEFERRABLE"
		}
		return ""
	})
}

func namelessInserts(statement tree.Statement) []string {
	return find(statement, func(node, _ any) string {
		if insert, ok := node.(*tree.Insert); ok && len(insert.Columns) == 0 {
			return tableName(insert.Table)
		}
		return ""
	})
}

func unrepeatable(statement tree.Statement) []string {
	var name string
	var repeatable bool
	switch s := statement.(type) {
	case *tree.CreateTable:
		name, repeatable = s.Table.String(), s.IfNotExists
	case *tree.CreateIndex:
		name, repeatable = s.Name.String(), s.IfNotExists
	case *tree.CreateSchema:
		name, repeatable = s.Schema.String(), s.IfNotExists
	case *tree.CreateView:
		name, repeatable = s.Name.String(), s.IfNotExists || s.Replace
	default:
		return nil
	}
	if repeatable {
		return nil
	}
	return []string{name}
}

func foreignKeys(statement tree.Statement) []string {
	return find(statement, func(node, _ any) string {
		switch n := node.(type) {
		case *tree.ForeignKeyConstraintTableDef:
			return tree.AsString(n)
		case *tree.ColumnTableDef:
			if n.References.Table != nil {
				return n.Name.String()
			}
		}
		return ""
	})
}
