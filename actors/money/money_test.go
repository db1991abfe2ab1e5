package money

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	cldr "golang.org/x/text/currency"
	"pgregory.net/rapid"
)

// Where golang.org/x/text counts other digits than ISO 4217. All but ROL are places where small coins are no longer in
// use, so that CLDR shows none, while ISO and processors go on counting them. For ROL list three gives no digits;
// nobody prices in a leu of before 2005.
const cldrShowsNone = "AFN ALL AMD COP GYD IDR IQD IRR KPW LAK LBP MGA MMK MNT MRO MUR PKR RSD SLL SOS STD SYP TMM TZS UZS YER ZMK ZWD"

// Codes that are younger than the CLDR of golang.org/x/text, and one that was too short-lived for it.
const cldrDoesNotKnow = "MRU SLE VED VES XCG ZWG ZWN"

// Kind: decimals of another table than ISO 4217's.
func TestTableAgainstASecondSource(t *testing.T) {
	var fewer, unknown []string
	for code, c := range table {
		unit, err := cldr.ParseISO(code)
		if err != nil {
			unknown = append(unknown, code)
			continue
		}
		switch scale, _ := cldr.Standard.Rounding(unit); {
		case scale == c.exponent, code == "ROL":
		case scale == 0:
			fewer = append(fewer, code)
		default:
			t.Errorf("%s has exponent %d here and %d there", code, c.exponent, scale)
		}
	}
	slices.Sort(fewer)
	slices.Sort(unknown)
	if strings.Join(fewer, " ") != cldrShowsNone || strings.Join(unknown, " ") != cldrDoesNotKnow {
		t.Errorf("differs at %v, knows not %v", fewer, unknown)
	}
	for units := cldr.Query(); units.Next(); { // what is legal tender somewhere now
		if code := units.Unit().String(); besides[code] == "" {
			if _, known := Exponent(code); !known {
				t.Errorf("%s is missing", code)
			}
		}
	}
}

func TestTableIsSound(t *testing.T) {
	count := 0
	for _, codes := range [][]string{listed[:], withdrawn[:]} {
		for _, text := range codes {
			count += len(strings.Fields(text))
		}
	}
	if count != len(table) {
		t.Errorf("%d codes make a table of %d: one is there twice", count, len(table))
	}
	for code, c := range table {
		if len(code) != 3 || c.exponent > 4 || besides[code] != "" {
			t.Errorf("%s: %+v, besides %q", code, c, besides[code])
		}
		if c.successor != "" && Check(c.successor) != nil {
			t.Errorf("%s is followed by %s, which may not be used", code, c.successor)
		}
	}
	for given, meant := range mistaken {
		if Check(meant) != nil || Check(given) == nil {
			t.Errorf("%q for %s", given, meant)
		}
	}
}

// Kind: anything of three capital letters taken for a currency.
func TestOnlyCurrenciesPriceAnEvent(t *testing.T) {
	for _, code := range strings.Fields("EUR USD JPY COP PKR KWD BHD ISK CLP UGX XAF XCG ZWG MRU") {
		if err := Check(code); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
	for code, want := range map[string]string{
		"XX" + "X": "no currency", "XTS": "tests", "XAU": "metal", "XDR": "unit of account", "CHE": "fund", "CLF": "fund", "HRK": "EUR", "BGN": "EUR", "ANG": "XCG",
		"eur": "EUR", "EUX": "EUR", "UDS": "USD", "RMB": "CNY", "€": "EUR", " gbp ": "GBP", "ABC": "ISO 4217", "": "ISO 4217", "EURO": "EUR", "\x1b[31m": "ISO 4217",
		strings.Repeat("E", 1000): "ISO 4217",
	} {
		var refused *RefusedError
		if err := Check(code); !errors.As(err, &refused) || !strings.Contains(err.Error(), want) ||
			len(refused.Nearest) > nearestMax {
			t.Errorf("%.20q: %v, want %q", code, err, want)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, row := range []struct {
		minor int64
		code  string
		want  string
	}{
		{4500, "EUR", "45.00 EUR"}, {4500, "JPY", "4500 JPY"}, {4500, "KWD", "4.500 KWD"}, {450000, "COP", "4500.00 COP"}, {5, "EUR", "0.05 EUR"}, {0, "EUR", "0.00 EUR"},
		{0, "JPY", "0 JPY"}, {-5, "KWD", "-0.005 KWD"}, {-4500, "EUR", "-45.00 EUR"}, {1050, "HRK", "10.50 HRK"}, {7, "QQQ", "7 minor units of QQQ"},
		{math.MinInt64, "EUR", "-92233720368547758.08 EUR"},
	} {
		if got := Format(row.minor, row.code); got != row.want {
			t.Errorf("%d %s is %q, want %q", row.minor, row.code, got, row.want)
		}
	}
}

// Whatever is written says the amount exactly: read as a decimal and scaled back it is the same number.
func TestFormatLosesNothing(t *testing.T) {
	codes := make([]string, 0, len(table))
	for code := range table {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	rapid.Check(t, func(t *rapid.T) {
		minor, code := rapid.Int64().Draw(t, "minor"), rapid.SampledFrom(codes).Draw(t, "code")
		text, unit, _ := strings.Cut(Format(minor, code), " ")
		value, ok := new(big.Rat).SetString(text)
		digits, _ := Exponent(code)
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
		if !ok || unit != code ||
			new(big.Rat).Mul(value, new(big.Rat).SetInt(scale)).Cmp(new(big.Rat).SetInt64(minor)) != 0 {
			t.Fatalf("%d %s is written %s %s", minor, code, text, unit)
		}
		if _, behind, _ := strings.Cut(text, "."); len(behind) != digits {
			t.Fatalf("%s has %d digits behind the point, want %d", text, len(behind), digits)
		}
	})
}
