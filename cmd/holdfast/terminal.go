package main

import (
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// terminal writes text that others have put into names: buyers, operators of long ago, whoever makes plans. What would
// move the cursor, colour the screen, or turn the direction of writing is written as \uXXXX, which JSON reads as what
// it was. Builds before this one took such names, so that stores may hold them.
//
// Line ends and tabs pass. Bytes that are no UTF-8 become \ufffd. A character cut in two by two writes is put together.
type terminal struct {
	out  io.Writer
	tail []byte // the beginning of a character
	line []byte
}

// Write implements io.Writer: n counts what came in, not what went out.
func (t *terminal) Write(text []byte) (n int, err error) {
	rest := text
	if len(t.tail) > 0 {
		rest = append(t.tail, text...)
	}
	t.line = t.line[:0]
	for len(rest) > 0 && (len(rest) >= utf8.UTFMax || utf8.FullRune(rest)) {
		r, size := utf8.DecodeRune(rest)
		if disturbs(r) || r == utf8.RuneError && size == 1 {
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

// disturbs says that a character does something to a terminal other than appear on it.
func disturbs(r rune) bool {
	const joinerNone, joiner = '\u200c', '\u200d' // words of Persian and Hindi, and families of emoji, are made with them
	if r < 0x7f {
		return r < ' ' && r != '\n' && r != '\t'
	}
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) ||
		unicode.Is(unicode.Cf, r) && r != joinerNone && r != joiner && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

func appendEscaped(dst []byte, r rune) []byte {
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(dst, `\u%04x`, r)
}

// calm is one text as a terminal writes it.
func calm(text string) string {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return string(appendCalm(nil, text))
		}
	}
	return text
}

func appendCalm(dst []byte, text string) []byte {
	for _, r := range text {
		if disturbs(r) || r == utf8.RuneError {
			dst = appendEscaped(dst, r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
