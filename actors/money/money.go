package money

import (
	"slices"
	"strconv"
	"strings"
)

// currency is one code of ours.
type currency struct {
	exponent  int
	successor string // what took the place of a withdrawn one
}

var table = func() map[string]currency {
	all := map[string]currency{}
	for exponent, codes := range listed {
		for code := range strings.FieldsSeq(codes) {
			all[code] = currency{exponent: exponent}
		}
	}
	for exponent, codes := range withdrawn {
		for pair := range strings.FieldsSeq(codes) {
			code, successor, _ := strings.Cut(pair, ">")
			all[code] = currency{exponent: exponent, successor: successor}
		}
	}
	return all
}()

// Exponent is how many digits of an amount in minor units stand behind the point: 2 for EUR, 0 for JPY, 3 for KWD. It
// knows withdrawn currencies too; known is false for everything else, whose amounts nobody can write as money.
func Exponent(code string) (digits int, known bool) {
	c, known := table[code]
	return c.exponent, known
}

// RefusedError says why a code may not price a new event. It never repeats the code, which may be anything.
type RefusedError struct {
	Reason string
	// Nearest are listed codes that may be meant, the likeliest first, at most three.
	Nearest []string
}

func (e *RefusedError) Error() string {
	if len(e.Nearest) == 0 {
		return e.Reason
	}
	return e.Reason + "; perhaps " + strings.Join(e.Nearest, " or ")
}

// Check answers nil for a currency that may price a new event, else a *RefusedError.
func Check(code string) error {
	c, known := table[code]
	switch {
	case known && c.successor == "":
		return nil
	case known:
		return &RefusedError{Reason: "is withdrawn", Nearest: []string{c.successor}}
	case besides[code] != "":
		return &RefusedError{Reason: besides[code]}
	}
	return &RefusedError{Reason: "is no currency of ISO 4217, such as EUR", Nearest: nearest(code)}
}

const nearestMax = 3

// nearest lists what may be meant by a code that is none: the same in capitals, a common mistake, or one letter off.
func nearest(code string) []string {
	if len(code) > 8 {
		return nil
	}
	upper := strings.ToUpper(strings.TrimSpace(code))
	if c, known := table[upper]; known {
		if c.successor != "" {
			return []string{c.successor}
		}
		return []string{upper}
	}
	if meant := mistaken[upper]; meant != "" {
		return []string{meant}
	}
	var near []string
	for other, c := range table {
		if c.successor == "" && alike(upper, other) {
			near = append(near, other)
		}
	}
	slices.SortFunc(near, func(a, b string) int { return strings.Compare(likelihood(a), likelihood(b)) })
	return near[:min(len(near), nearestMax)]
}

// likelihood sorts the most traded first, the rest by the alphabet.
func likelihood(code string) string {
	const most = "USD EUR JPY GBP CNY AUD CAD CHF HKD SGD SEK KRW NOK NZD INR MXN TWD ZAR BRL DKK PLN THB"
	if at := strings.Index(most, code); at >= 0 {
		return string(rune('!' + at/4))
	}
	return code
}

// alike says that two codes of three letters differ in one, or have two neighbours swapped.
func alike(a, b string) bool {
	if len(a) != 3 {
		return false
	}
	differ := 0
	for i := range a {
		if a[i] != b[i] {
			differ++
		}
	}
	return differ == 1 || a[1] == b[0] && a[0] == b[1] && a[2] == b[2] || a[2] == b[1] && a[1] == b[2] && a[0] == b[0]
}

// Format writes an amount for people, such as "45.00 EUR". Of a currency that is not known, the amount is said to be
// what it is.
func Format(minor int64, code string) string {
	digits, known := Exponent(code)
	if !known {
		return strconv.FormatInt(minor, 10) + " minor units of " + code
	}
	text, sign := strconv.FormatInt(minor, 10), ""
	if minor < 0 {
		text, sign = text[1:], "-"
	}
	if digits == 0 {
		return sign + text + " " + code
	}
	if lack := digits + 1 - len(text); lack > 0 {
		text = strings.Repeat("0", lack) + text
	}
	return sign + text[:len(text)-digits] + "." + text[len(text)-digits:] + " " + code
}
