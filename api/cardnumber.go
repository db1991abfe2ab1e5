package api

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Card numbers (P12): 13 to 19 digits, single spaces or dashes between them, Luhn-valid, in an issuer range that exists.
// The range matters: without it one in ten millisecond timestamps used as an idempotency key would be refused.
const (
	cardDigitsMin = 13
	cardDigitsMax = 19
)

var errCardData = &problem{kind: kindCardData}

// cardInText finds a card number anywhere in a text, unless a letter touches it: hexadecimal ids are full of digits.
func cardInText(text []byte) bool {
	return findCard(text, func(before, after byte) bool { return !isLetter(before) && !isLetter(after) })
}

// cardAnywhere finds a card number whatever surrounds it.
func cardAnywhere(text []byte) bool {
	return findCard(text, func(byte, byte) bool { return true })
}

// cardWhole says whether the whole text is a card number. Plans are full of numbers that mean places.
func cardWhole(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) >= cardDigitsMin && len(cardRun(text)) == len(text) && cardInText(text)
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// findCard looks at every run of digits, spaces and dashes.
func findCard(text []byte, accept func(before, after byte) bool) bool {
	for i := 0; i < len(text); i++ {
		if !isDigit(text[i]) {
			continue
		}
		run := cardRun(text[i:])
		if len(run) >= cardDigitsMin && cardInRun(run) && accept(byteAt(text, i-1), byteAt(text, i+len(run))) {
			return true
		}
		i += len(run) - 1
	}
	return false
}

func byteAt(text []byte, i int) byte {
	if i < 0 || i >= len(text) {
		return 0
	}
	return text[i]
}

// cardRun is the longest start of text made of digits with at most one space or dash between two of them.
func cardRun(text []byte) []byte {
	end := 0
	for i, c := range text {
		switch {
		case isDigit(c):
			end = i + 1
		case (c != ' ' && c != '-') || i > end:
			return text[:end]
		}
	}
	return text[:end]
}

// cardInRun tries every stretch between separators: "row 12 4111 1111 1111 1111" must not hide behind the 12.
func cardInRun(run []byte) bool {
	for from := range run {
		if from > 0 && isDigit(run[from-1]) || !isDigit(run[from]) {
			continue
		}
		if cardAtStart(run[from:]) {
			return true
		}
	}
	return false
}

func cardAtStart(run []byte) bool {
	var digits [cardDigitsMax]byte
	n := 0
	for i, c := range run {
		if !isDigit(c) {
			continue
		}
		if n == cardDigitsMax {
			return false
		}
		digits[n] = c - '0'
		n++
		atEnd := i+1 == len(run) || !isDigit(run[i+1])
		if atEnd && n >= cardDigitsMin && issuerExists(digits[:n]) && luhn(digits[:n]) {
			return true
		}
	}
	return false
}

// issuerExists knows the first digits that banks use: 2 to 6, and the national 81, 82 (RuPay) and 9792 (Troy).
func issuerExists(digits []byte) bool {
	switch digits[0] {
	case 2, 3, 4, 5, 6:
		return true
	case 8:
		return digits[1] == 1 || digits[1] == 2
	case 9:
		return digits[1] == 7 && digits[2] == 9 && digits[3] == 2
	}
	return false
}

func luhn(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		v := int(d)
		if (len(digits)-i)%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// cardInBody looks through a JSON body, valid or not. A plan is searched string by string; anything else also as raw bytes,
// so that a number where a string belongs is caught too.
func cardInBody(body []byte, plan bool) bool {
	if !plan && cardInText(body) {
		return true
	}
	if plan || bytes.IndexByte(body, '\\') >= 0 {
		return cardInStrings(body, plan)
	}
	return false
}

func cardInStrings(body []byte, plan bool) bool {
	for {
		from := bytes.IndexByte(body, '"')
		if from < 0 {
			return false
		}
		quoted := quotedPrefix(body[from:])
		if len(quoted) > cardDigitsMin && cardInQuoted(quoted, plan) {
			return true
		}
		body = body[from+len(quoted):]
	}
}

// quotedPrefix is the string literal at the start of text (which starts with a quote), or all of text if it never ends.
func quotedPrefix(text []byte) []byte {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[:i+1]
		}
	}
	return text
}

func cardInQuoted(quoted []byte, plan bool) bool {
	content := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(content, '\\') >= 0 {
		content, _ = jsontext.AppendUnquote(nil, quoted) // what could be decoded is searched; the parser refuses the rest
	}
	if plan {
		return cardWhole(content)
	}
	return cardInText(content)
}
