package trace

import (
	"context"
	"strings"
	"testing"
)

const sound = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// TestTraceparentsAreReadAsTheStandardSays: what is sound goes on as it was, and what is not is no reason to refuse.
func TestTraceparentsAreReadAsTheStandardSays(t *testing.T) {
	for text, want := range map[string]string{
		sound:                                   sound,
		strings.Replace(sound, "-01", "-ff", 1): strings.Replace(sound, "-01", "-ff", 1),
		"cc" + sound[2:]:                        sound, // of a later version
		"cc" + sound[2:] + "-what-comes":        sound,
		"":                                      "",
		sound[:54]:                              "",
		sound + "-more":                         "", // of version 00 there is no more
		"cc" + sound[2:] + "more":               "",
		"ff" + sound[2:]:                        "",
		strings.ToUpper(sound):                  "",
		strings.Replace(sound, "-b7", "_b7", 1): "",
		strings.Replace(sound, "0af7", "0ag7", 1):                                              "",
		"00-00000000000000000000000000000000-b7ad6b7169203331-01":                              "",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01":                              "",
		strings.Replace(sound, "0af7651916cd43dd8448eb211c80319c", strings.Repeat("-", 32), 1): "",
	} {
		got := ""
		if p := Parse([]byte(text)); p != nil {
			got = p.String()
		}
		if got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}

func TestParentsAreReadAsWritten(t *testing.T) {
	p := Parse([]byte(sound))
	if got := Read([Size]byte(p.Append(nil))); *got != *p {
		t.Errorf("%+v became %+v", p, got)
	}
	if ctx := context.Background(); Context(ctx, nil) != ctx || From(ctx) != nil || From(Context(ctx, p)) != p {
		t.Error("a context has another one's parent")
	}
}

// TestNoTraceCostsNothing: callers without a context are most of them.
func TestNoTraceCostsNothing(t *testing.T) {
	ctx := context.Background()
	if n := testing.AllocsPerRun(100, func() { _ = From(Context(ctx, Parse(nil))) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
