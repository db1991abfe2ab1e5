package main

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"holdfast/cmd/holdfast/storectl"
)

// targetFlags is where import and sale work: a running server, or a stopped one's data.
type targetFlags struct {
	URL             string `help:"A running server." placeholder:"http://HOST:PORT" xor:"target"`
	Data            string `help:"The data folder of a stopped server." placeholder:"DIR" xor:"target"`
	OperatorKeyFile string `help:"File with the operator's key, for --url. Without it the key of dev mode is tried." placeholder:"FILE"`
}

func (t *targetFlags) check() error {
	if t.URL == "" && t.Data == "" {
		return errors.New("give --url http://HOST:PORT of a running server, or --data DIR of a stopped one")
	}
	return nil
}

// sourceFlags says where a command that only reads finds what was written: exactly one of the two.
type sourceFlags struct {
	Data  string `help:"The data folder of a stopped server." placeholder:"DIR"`
	Store string `help:"The database's address, whether servers sell from it or not. HOLDFAST_STORE keeps a password out of the list of processes." placeholder:"URL"`
}

// moment is an instant with the offset in which it was written.
type moment struct{ time.Time }

// Decode implements kong.MapperValue.
func (m *moment) Decode(ctx *kong.DecodeContext) (err error) {
	var text string
	if err := ctx.Scan.PopValueInto("time", &text); err != nil {
		return err
	}
	if m.Time, err = time.Parse(time.RFC3339, text); err != nil {
		return fmt.Errorf("%q is no time with an offset, such as 2027-05-01T20:00:00+02:00", text)
	}
	return nil
}

// priceList is what categories cost, in minor units.
type priceList map[string]int64

// Decode implements kong.MapperValue. Semicolons stand between several prices of one value; a backslash before a
// semicolon makes the semicolon part of a name.
func (p *priceList) Decode(ctx *kong.DecodeContext) error {
	var text string
	if err := ctx.Scan.PopValueInto("price", &text); err != nil {
		return err
	}
	prices := priceList{}
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

// validity is a duration that may be given in days.
type validity time.Duration

// UnmarshalText reads 365d, or what Go calls a duration.
func (v *validity) UnmarshalText(text []byte) error {
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
	*v = validity(long)
	return nil
}

func (k *sourceFlags) source() storectl.Source { return storectl.Source{Data: k.Data, Store: k.Store} }
