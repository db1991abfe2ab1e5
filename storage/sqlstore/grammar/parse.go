package grammar

import (
	"fmt"
	"reflect"

	"github.com/cockroachdb/cockroachdb-parser/pkg/sql/parser"
	"github.com/cockroachdb/cockroachdb-parser/pkg/sql/sem/tree"
	"github.com/cockroachdb/cockroachdb-parser/pkg/sql/types"
)

// Parse reads SQL text as CockroachDB would. A panic of the parser (it has one for DO $$) is an error too.
func Parse(text string) (statements []tree.Statement, err error) {
	return parseWithInt(text, types.Int)
}

// parseWithInt is Parse for a server that takes a bare INT for the given type.
func parseWithInt(text string, bare *types.T) (statements []tree.Statement, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("CockroachDB's parser panicked: %v", panicked)
		}
	}()
	parsed, err := parser.ParseWithInt(text, bare)
	if err != nil {
		return nil, err
	}
	for _, one := range parsed {
		statements = append(statements, one.AST)
	}
	return statements, nil
}

// inspect calls visit for every node below root, with the node that it hangs on. The parser's own visitor leaves out whole branches
// (ON CONFLICT among them), so this one follows every field.
func inspect(root tree.Statement, visit func(node, parent any)) {
	walk(reflect.ValueOf(root), nil, visit)
}

func walk(v reflect.Value, parent any, visit func(node, parent any)) {
	if !v.IsValid() || !v.CanInterface() {
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		walk(v.Elem(), parent, visit)
	case reflect.Pointer:
		if _, isType := v.Interface().(*types.T); isType || v.IsNil() {
			return
		}
		visit(v.Interface(), parent)
		walkInto(v.Elem(), v.Interface(), visit)
	case reflect.Struct:
		visit(v.Interface(), parent)
		walkInto(v, v.Interface(), visit)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walk(v.Index(i), parent, visit)
		}
	}
}

// walkInto visits what a node holds.
func walkInto(v reflect.Value, node any, visit func(node, parent any)) {
	if v.Kind() != reflect.Struct {
		walk(v, node, visit)
		return
	}
	for i := range v.NumField() {
		walk(v.Field(i), node, visit)
	}
}
