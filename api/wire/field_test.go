package wire

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// Kind: a form of "field" that changes, or grows with what a caller sends. Clients read both forms.
func TestBothFormsOfAFieldStay(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, row := range []struct {
		at              jsontext.Pointer
		dotted, pointer string
	}{
		{"", "", ""},
		{"/seats/3", "seats.3", "/seats/3"},
		{"/best_available/quantity", "best_available.quantity", "/best_available/quantity"},
		{"/plan/a~1b", "plan.a/b", "/plan/a~1b"},
		{"/a/\xff", "a.\xff", "/a/?"},
		{jsontext.Pointer("/" + long), long[:128], "/" + long[:63]},
	} {
		if got := Field(row.at, Dotted); got != row.dotted {
			t.Errorf("%q dotted: %q, want %q", row.at, got, row.dotted)
		}
		if got := Field(row.at, Pointer); got != row.pointer {
			t.Errorf("%q as a pointer: %q, want %q", row.at, got, row.pointer)
		}
	}
}
