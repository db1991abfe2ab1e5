package terminal

import (
	"fmt"
	"io"
	"os"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/term"
)

// Writer writes text that others have put into names: buyers, operators of long ago, whoever makes plans. What would
// move the cursor, colour the screen, or turn the direction of writing is written as \uXXXX, which JSON reads as what
// it was. Builds before this one took such names, so that stores may hold them.
//
// Line ends and tabs pass. Bytes that are no UTF-8 become \ufffd. A character cut in two by two writes is put together.
type Writer struct {
	out  io.Writer
	tail []byte // the beginning of a character
	line []byte
}

// NewWriter writes to out.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// Write implements io.Writer: n counts what came in, not what went out.
func (t *Writer) Write(text []byte) (n int, err error) {
	rest := text
	if len(t.tail) > 0 {
		rest = append(t.tail, text...)
	}
	t.line = t.line[:0]
	for len(rest) > 0 && (len(rest) >= utf8.UTFMax || utf8.FullRune(rest)) {
		r, size := utf8.DecodeRune(rest)
		if Disturbs(r) || r == utf8.RuneError && size == 1 {
			t.line = appendEscaped(t.line, r)
		} else {
			t.line = append(t.line, rest[:size]...)
		}
		rest = rest[size:]
	}
	t.tail = append([]byte(nil), rest...)
	if _, err := t.out.Write(t.line); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Disturbs says that a character does something to a terminal other than appear on it.
func Disturbs(r rune) bool {
	// words of Persian and Hindi, and families of emoji, are made with them
	const joinerNone, joiner = '\u200c', '\u200d'
	if r < 0x7f {
		return r < ' ' && r != '\n' && r != '\t'
	}
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) ||
		unicode.Is(unicode.Cf, r) && r != joinerNone && r != joiner &&
			!unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

func appendEscaped(dst []byte, r rune) []byte {
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(dst, `\u%04x`, r)
}

// Calm is one text as a terminal writes it.
func Calm(text string) string {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return string(appendCalm(nil, text))
		}
	}
	return text
}

func appendCalm(dst []byte, text string) []byte {
	for _, r := range text {
		if Disturbs(r) || r == utf8.RuneError {
			dst = appendEscaped(dst, r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// Screen is the terminal behind out, for what no name may do: to clear it.
func Screen(out io.Writer) (screen *os.File, ok bool) {
	if t, wrapped := out.(*Writer); wrapped {
		out = t.out
	}
	screen, ok = out.(*os.File)
	return screen, ok && term.IsTerminal(int(screen.Fd()))
}
