package main

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"holdfast/storage"
)

// roomNames are the packages whose errors begin with their name. The name helps in the source; an operator is told the
// rest.
var roomNames = regexp.MustCompile(`(^|\n|: |\()` +
	`((actors|api|cluster|copier|pebblestore|peer|sandbox|section|sqlstore|storage|token|venue|views|witness): )+`)

// plain is an error as an operator reads it: without the names of packages, and calm.
func plain(err error) string { return calm(roomNames.ReplaceAllString(err.Error(), "$1")) }

// numbered is a number with its noun: "1 section", "2 sections".
func numbered(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// parseEventID reads an event's id as the API writes it.
func parseEventID(text string) (storage.EventID, error) {
	id, err := storage.ParseEventID(text)
	if err != nil {
		return id, fmt.Errorf("%q is no event id: those look like 0b6d4f0e-6a1c-8f52-9d3e-2f1a0c9b8e7d", text)
	}
	return id, nil
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
			return fmt.Errorf("%q is no price: after = stands a whole number of minor units, such as 4500 for 45.00 EUR", one)
		}
		if _, twice := prices[one[:at]]; twice {
			return fmt.Errorf("%q has two prices", one[:at])
		}
		prices[one[:at]] = minor
	}
	*p = prices
	return nil
}

// inUse says that another process has a data folder, and what to do.
func inUse(folder, advice string) error {
	return fmt.Errorf("%s is in use by a running holdfast: %s", folder, advice)
}

// noListener says why an address cannot be listened on, by its flag.
func noListener(flag, address string, err error) error {
	var of *net.OpError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s %s: another program listens there already: stop it, or choose another port", flag, address)
	case errors.As(err, &of): // its own text repeats the address
		return fmt.Errorf("%s %s: %w", flag, address, of.Err)
	}
	return fmt.Errorf("%s %s: %w", flag, address, err)
}
