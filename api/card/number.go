package card

import (
	"unicode"
	"unicode/utf8"
)

// What looks like a card number (P12): 13 to 19 digits that some scheme issues (see issued) and whose check digit is
// right, written without gaps or as people write cards: 4-4-4-4, 4-6-5 and the like (see asWritten), with a space or
// three, a dash, dot, slash or underscore between the groups. Digits and separators of any script count, and characters
// that cannot be seen stand for nothing.
//
// Innocent, and so not refused: numbers that no scheme issues, such as times in milliseconds, microseconds or digits of
// a date (the years 2020 to 2039), and digits inside hexadecimal ids and UUIDs, whose groups nobody writes a card in. A
// lone number of 16 digits that has an issuer's beginning and a right check digit cannot be told from a card. It is
// refused; TestInnocentNumbersAreRarelyRefused states how often.
const (
	DigitsMin = 13
	digitsMax = 19
)

// finding is what a text holds. Larger is worse.
type finding uint8

const (
	noNumber   finding = iota
	longNumber         // a number as long as a card's, that is none
	number             // a card's number without gaps: perhaps an id
	spoken             // a card's number, grouped as people write it: no id looks so
)

// InText finds a card number anywhere in a text, unless an ASCII letter touches its digits: hexadecimal ids are
// full of digits.
func InText(text []byte) bool { return findIn(text, false) >= number }

// Anywhere finds a card number whatever surrounds it.
func Anywhere(text []byte) bool { return findIn(text, true) >= number }

// findIn is the worst that text holds; glued says that letters around a number are no excuse.
func findIn(text []byte, glued bool) (worst finding) {
	if surelyNone(text) {
		return noNumber
	}
	return search(text, glued)
}

// search is findIn without the short way.
func search(text []byte, glued bool) (worst finding) {
	for i := 0; i < len(text); {
		c := text[i]
		if c-'0' > 9 && c < utf8.RuneSelf {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			if end := shortStretch(text, i); end > i {
				i = end
				continue
			}
		} else if char, size := utf8.DecodeRune(text[i:]); !isDigit(char) {
			i += size
			continue
		}
		s := scan{text: text, start: i, glued: glued}
		worst = max(worst, s.run())
		if worst == spoken {
			return worst
		}
		i = s.groupEnd
	}
	return worst
}

// What a byte is to surelyNone.
const (
	endsStretch byte = iota
	separates
	isADigit
	notASCII
)

var classes = func() (of [256]byte) {
	for c := range of {
		switch {
		case c >= utf8.RuneSelf:
			of[c] = notASCII
		case '0' <= c && c <= '9':
			of[c] = isADigit
		}
	}
	for _, c := range " -./_\t" {
		of[c] = separates
	}
	return of
}()

// surelyNone says that a text is ASCII and has no stretch of digits and separators with as many digits as a card's
// number. That is so of nearly every text, and told in one pass.
func surelyNone(text []byte) bool {
	digits := 0
	for _, c := range text {
		switch classes[c] {
		case isADigit:
			if digits++; digits == DigitsMin {
				return false
			}
		case endsStretch:
			digits = 0
		case notASCII:
			return false
		}
	}
	return true
}

// shortStretch is the end of the digits and separators at text[at:], if they are ASCII's and fewer digits than any card
// has; else it is at. Nearly all that a request holds ends here.
func shortStretch(text []byte, at int) (end int) {
	digits := 0
	for end = at; end < len(text) && digits < DigitsMin; end++ {
		switch c := text[end]; {
		case c-'0' <= 9:
			digits++
		case c >= utf8.RuneSelf:
			return at
		case c != ' ' && c != '-' && c != '.' && c != '/' && c != '_' && c != '\t':
			return end
		}
	}
	if digits >= DigitsMin {
		return at
	}
	return end
}

func isDigit(char rune) bool {
	_, ok := digitOf(char)
	return ok
}

// scan judges the numbers that begin with one group of digits.
type scan struct {
	text     []byte
	start    int // of the first group
	glued    bool
	groupEnd int // where the first group ends

	digits   [digitsMax]byte
	n        int
	groups   [digitsMax]uint8
	count    int  // groups begun
	onlyDash bool // every separator so far is '-'
}

// run reads groups until the number is too long or something else follows, and judges at the end of each.
func (s *scan) run() (worst finding) {
	s.onlyDash = true
	at := s.start
	for {
		end, fits := s.group(at)
		if s.count == 1 {
			s.groupEnd = end
		}
		if !fits {
			return worst
		}
		worst = max(worst, s.judge(end))
		next, separator := s.gap(end)
		if next == end || s.count == len(s.groups) {
			return worst
		}
		s.onlyDash = s.onlyDash && separator == '-'
		at = next
	}
}

// group reads one group of digits; fits is false if they are too many.
func (s *scan) group(at int) (end int, fits bool) {
	s.count++
	fits = true
	for end = at; end < len(s.text); {
		char, size := utf8.DecodeRune(s.text[end:])
		value, digit := digitOf(char)
		if !digit && !vanishes(char) {
			break
		}
		if digit {
			if s.n == len(s.digits) {
				fits = false
			} else {
				s.digits[s.n] = value
				s.n++
				s.groups[s.count-1]++
			}
		}
		end += size
	}
	return end, fits
}

// gap passes over what people put between groups: up to three separators, of which one at most is no space. It answers
// at if no digit follows.
func (s *scan) gap(at int) (next int, separator rune) {
	next = at
	for range gapSeparatorsMax {
		char, n := separatorAt(s.text, next)
		if n == 0 || !isSpace(char) && separator != 0 && !isSpace(separator) {
			break
		}
		if separator == 0 || !isSpace(char) {
			separator = char
		}
		next += n
	}
	if separator == 0 {
		return at, 0
	}
	for next < len(s.text) {
		char, size := utf8.DecodeRune(s.text[next:])
		if isDigit(char) {
			return next, separator
		}
		if !vanishes(char) {
			break
		}
		next += size
	}
	return at, 0
}

// gapSeparatorsMax are the separators between two groups of one card: " - ", or spaces typed twice.
const gapSeparatorsMax = 3

func (s *scan) judge(end int) finding {
	digits := s.digits[:s.n]
	switch {
	case s.n < DigitsMin || !asWritten(s.groups[:s.count]):
		return noNumber
	case !s.glued && s.onlyDash && s.touchesLetter(end):
		return noNumber
	case !issued(digits) || !luhn(digits):
		return longNumber
	case s.count > 1:
		return spoken
	}
	return number
}

func (s *scan) touchesLetter(end int) bool {
	return s.start > 0 && isLetter(s.text[s.start-1]) || end < len(s.text) && isLetter(s.text[end])
}

func isLetter(c byte) bool { return c|0x20-'a' < 26 }

// asWritten says whether people write a card in groups of these sizes: in equal ones of 1, 4, 5 or 8 (the last may be
// shorter), in four and then three to seven each, or in six and the rest. No part of a UUID (8-4-4-4-12) is.
func asWritten(groups []uint8) bool {
	if len(groups) == 1 {
		return true
	}
	first, last := groups[0], groups[len(groups)-1]
	equal, fours := true, first == 4
	for _, size := range groups[1 : len(groups)-1] {
		equal = equal && size == first
		fours = fours && 3 <= size && size <= 7
	}
	switch {
	case equal && last <= first && (first == 1 || first == 4 || first == 5 || first == 8):
		return true
	case fours && 3 <= last && last <= 7:
		return true
	}
	return first == 6 && len(groups) == 2
}

// digitOf is the value of a decimal digit in any script, or of a raised, lowered or circled one.
func digitOf(char rune) (value byte, ok bool) {
	if char < utf8.RuneSelf {
		return byte(char - '0'), uint32(char-'0') <= 9
	}
	switch {
	case char == 0xb2 || char == 0xb3:
		return byte(char - 0xb0), true
	case char == 0xb9:
		return 1, true
	case char < 0x660:
		return 0, false
	case 0x2070 <= char && char <= 0x2089:
		return byte((char - 0x2070) % 16), (char-0x2070)%16 <= 9 && char != 0x2071
	case 0x2460 <= char && char <= 0x2468:
		return byte(char - 0x2460 + 1), true
	case char == 0x24ea:
		return 0, true
	}
	return otherDigit(char)
}

// otherDigit knows that Unicode's decimal digits stand in tens, zero first.
func otherDigit(char rune) (value byte, ok bool) {
	for i := range unicode.Nd.R16 {
		if r := &unicode.Nd.R16[i]; char <= rune(r.Hi) {
			return byte((char - rune(r.Lo)) % 10), char >= rune(r.Lo)
		}
	}
	for i := range unicode.Nd.R32 {
		if r := &unicode.Nd.R32[i]; char <= rune(r.Hi) {
			return byte((char - rune(r.Lo)) % 10), char >= rune(r.Lo)
		}
	}
	return 0, false
}

// separatorAt is the separator at text[at:] and its size, or 0.
func separatorAt(text []byte, at int) (char rune, size int) {
	if at >= len(text) {
		return 0, 0
	}
	char, size = utf8.DecodeRune(text[at:])
	if char < utf8.RuneSelf {
		switch char {
		case ' ', '-', '.', '/', '_', '\t':
			return char, size
		}
		return 0, 0
	}
	if isSpace(char) || unicode.In(char, unicode.Pd) || char == 0x2212 || char == 0xb7 ||
		char == 0x2022 || char == 0x2024 ||
		char == 0x3002 || char == 0x30fb || char == 0xff0e || char == 0xff0f || char == 0xff3f ||
		char == 0xff61 || char == 0xff65 {
		return char, size
	}
	return 0, 0
}

func isSpace(char rune) bool {
	return char == ' ' || char == '\t' || char > 0x85 && unicode.IsSpace(char)
}

// vanishes: characters that cannot be seen, and what makes a keycap of a digit.
func vanishes(char rune) bool {
	if char < 0xad {
		return false
	}
	return char == 0x20e3 || unicode.In(char, unicode.Cf, unicode.Variation_Selector,
		unicode.Other_Default_Ignorable_Code_Point)
}
