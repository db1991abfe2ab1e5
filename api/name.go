package api

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkName says why a text is no name that people could tell from others, or nothing. Names are shown on pages, in logs and on operators'
// terminals, where what is invisible deceives; and PostgreSQL takes no NUL. Joiners, which Persian and emoji need, are left to the rule
// about labels.
func checkName(name string) string {
	switch {
	case !utf8.ValidString(name):
		return "is not valid UTF-8"
	case strings.TrimSpace(name) == "":
		return "is blank"
	case strings.ContainsFunc(name, invisible):
		return "has a character that cannot be seen: control characters, line ends, and marks of direction or width are refused"
	}
	return ""
}

// invisible are control characters (NUL, ESC, line ends …), separators of lines and paragraphs, and format characters but the two joiners.
func invisible(r rune) bool {
	const joinerNone, joiner = '\u200c', '\u200d'
	if r < unicode.MaxASCII {
		return r < ' '
	}
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) || unicode.Is(unicode.Cf, r) && r != joinerNone && r != joiner
}
