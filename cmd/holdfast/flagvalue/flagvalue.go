// Package flagvalue is what flags of commands are read into that kong has no type for. Every error says what to write
// instead.
package flagvalue

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Moment is an instant with the offset in which it was written.
type Moment struct{ time.Time }

// Decode implements kong.MapperValue.
func (m *Moment) Decode(ctx *kong.DecodeContext) (err error) {
	var text string
	if err := ctx.Scan.PopValueInto("time", &text); err != nil {
		return err
	}
	if m.Time, err = time.Parse(time.RFC3339, text); err != nil {
		return fmt.Errorf("%q is no time with an offset, such as 2027-05-01T20:00:00+02:00", text)
	}
	return nil
}

// Prices is what categories cost, in minor units.
type Prices map[string]int64

// Decode implements kong.MapperValue. Semicolons stand between several prices of one value; a backslash before a
// semicolon makes the semicolon part of a name.
func (p *Prices) Decode(ctx *kong.DecodeContext) error {
	var text string
	if err := ctx.Scan.PopValueInto("price", &text); err != nil {
		return err
	}
	prices := Prices{}
	maps.Copy(prices, *p)
	for _, one := range kong.SplitEscaped(text, ';') {
		at := strings.LastIndexByte(one, '=')
		if at < 1 {
			return fmt.Errorf("%q is no price: write CATEGORY=MINOR, such as Stalls=4500", one)
		}
		minor, err := strconv.ParseInt(one[at+1:], 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no price: after = stands a whole number of minor units, such as 4500 for 45.00 "+
				"EUR", one)
		}
		if _, twice := prices[one[:at]]; twice {
			return fmt.Errorf("%q has two prices", one[:at])
		}
		prices[one[:at]] = minor
	}
	*p = prices
	return nil
}

// Validity is a duration that may be given in days.
type Validity time.Duration

// UnmarshalText reads 365d, or what Go calls a duration.
func (v *Validity) UnmarshalText(text []byte) error {
	const day = 24 * time.Hour
	written, inDays := strings.CutSuffix(string(text), "d")
	if inDays {
		written += "h"
	}
	long, err := time.ParseDuration(written)
	if err != nil {
		return fmt.Errorf("%q is no duration such as 365d or 12h", text)
	}
	if inDays {
		long *= day / time.Hour
	}
	*v = Validity(long)
	return nil
}
