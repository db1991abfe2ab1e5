package grammar

import (
	"fmt"

	"github.com/cockroachdb/cockroachdb-parser/pkg/sql/sem/tree"
)

// mutation is what a part of a statement does to a table.
type mutation struct {
	table  string
	append bool
}

// mutations lists what a statement changes, CTEs and all.
func mutations(statement tree.Statement) (all []mutation) {
	inspect(statement, func(node, _ any) {
		switch n := node.(type) {
		case *tree.Insert:
			all = append(all, mutation{table: tableName(n.Table), append: n.OnConflict == nil || n.OnConflict.DoNothing})
		case *tree.Update:
			all = append(all, mutation{table: tableName(n.Table)})
		case *tree.Delete:
			all = append(all, mutation{table: tableName(n.Table)})
		case *tree.Truncate:
			for i := range n.Tables {
				all = append(all, mutation{table: tableName(&n.Tables[i])})
			}
		case *tree.DropTable:
			for i := range n.Names {
				all = append(all, mutation{table: tableName(&n.Names[i])})
			}
		}
	})
	return all
}

// tableName is a table's own name, without schema and alias.
func tableName(table tree.TableExpr) string {
	switch t := table.(type) {
	case *tree.AliasedTableExpr:
		return tableName(t.Expr)
	case *tree.TableName:
		return t.Table()
	}
	return tree.AsString(table)
}

func doubleMutations(statement tree.Statement) (places []string) {
	count := map[string]int{}
	for _, m := range mutations(statement) {
		if count[m.table]++; count[m.table] == 2 {
			places = append(places, m.table)
		}
	}
	return places
}

func logChanges(statement tree.Statement) (places []string) {
	for _, m := range mutations(statement) {
		if m.table == theLog && !m.append {
			places = append(places, fmt.Sprintf("changes %s", theLog))
		}
	}
	return places
}

func logConflicts(statement tree.Statement) []string {
	return find(statement, func(node, _ any) string {
		if insert, ok := node.(*tree.Insert); ok && insert.OnConflict != nil && tableName(insert.Table) == theLog {
			return "ON CONFLICT"
		}
		return ""
	})
}

// logIndexes finds whatever gives the log a second key or a second family.
func logIndexes(statement tree.Statement) []string {
	switch s := statement.(type) {
	case *tree.CreateIndex:
		if s.Table.Table() == theLog {
			return []string{s.Name.String()}
		}
	case *tree.CreateTable:
		if s.Table.Table() != theLog {
			return nil
		}
		return find(statement, func(node, _ any) string {
			switch n := node.(type) {
			case *tree.UniqueConstraintTableDef:
				if !n.PrimaryKey {
					return tree.AsString(n)
				}
			case *tree.IndexTableDef:
				return tree.AsString(n)
			case *tree.FamilyTableDef:
				return tree.AsString(n)
			case *tree.ColumnTableDef:
				if n.Unique.IsUnique {
					return n.Name.String()
				}
			}
			return ""
		})
	}
	return nil
}
