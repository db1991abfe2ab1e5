package bookinglist

import (
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/actors/bookingsearch"
	"holdfast/actors/section"
	"holdfast/api/problem"
	"holdfast/api/wire"
)

// Bounds of a page.
const (
	limitDefault = 50
	limitMax     = 100
)

// paymentBytesMax bounds a processor's reference.
const paymentBytesMax = 255

// What each call takes.
var (
	ofEvent = []string{
		"state", "buyer", "pseudonym", "seat", "payment", "complimentary", "placed_from", "placed_until",
		"changed_after", "limit", "cursor",
	}
	ofBuyer = []string{"buyer", "state", "placed_from", "placed_until", "limit", "cursor"}
	mine    = []string{"state", "limit", "cursor"}
)

// states are the words for where a booking stands. One that is confirming is confirmed.
var states = map[string]section.BookingState{
	"held": section.BookingHeld, "paying": section.BookingPaying, "confirmed": section.BookingConfirmed,
	"released": section.BookingReleased, "expired": section.BookingExpired, "refunded": section.BookingRefunded,
}

// answers are the words for whether bookings are to be of a sort.
var answers = map[string]bookingsearch.Choice{"true": bookingsearch.Yes, "false": bookingsearch.No}

// filter is what a call asks for.
type filter struct {
	query     bookingsearch.Request
	buyer     string // a subject
	pseudonym *section.BuyerID
}

// parse reads the parameters that a call takes, each once, but for state.
func parse(args *fasthttp.Args, takes []string) (*filter, error) {
	f, seen := &filter{}, map[string]bool{}
	f.query.Limit = limitDefault
	for name, value := range args.All() {
		if !slices.Contains(takes, string(name)) {
			return nil, problem.BadField(wire.Name(name), "is not a known parameter")
		}
		if seen[string(name)] && string(name) != "state" {
			return nil, problem.BadField(string(name), "is given twice")
		}
		seen[string(name)] = true
		if err := f.set(string(name), string(value)); err != nil {
			return nil, err
		}
	}
	switch {
	case f.buyer != "" && f.pseudonym != nil:
		return nil, problem.BadField("pseudonym", "cannot stand beside buyer")
	case f.query.Until != 0 && f.query.From >= f.query.Until:
		return nil, problem.BadField("placed_until", "is not after placed_from")
	}
	return f, nil
}

// set reads one parameter.
func (f *filter) set(name, value string) (err error) {
	bad := func(why string) error { return problem.BadField(name, why) }
	switch name {
	case "state":
		f.query.States = append(f.query.States, states[value])
		if states[value] == section.BookingNone {
			return bad("must be held, paying, confirmed, released, expired or refunded")
		}
	case "buyer":
		if f.buyer = value; value == "" {
			return bad("is empty")
		}
	case "pseudonym":
		f.pseudonym = new(section.BuyerID)
		if n, err := hex.Decode(f.pseudonym[:], []byte(value)); len(value) != 32 || err != nil ||
			n != len(f.pseudonym) {
			return bad("must be 32 hexadecimal digits, as \"buyer\" of a booking has them")
		}
	case "seat":
		if f.query.Seat = value; value == "" {
			return bad("is empty")
		}
	case "payment":
		if f.query.Payment = value; value == "" || len(value) > paymentBytesMax {
			return bad("must have 1 to 255 characters")
		}
	case "complimentary":
		if f.query.Gift = answers[value]; f.query.Gift == bookingsearch.Either {
			return bad("must be true or false")
		}
	case "placed_from":
		f.query.From, err = instant(name, value)
	case "placed_until":
		f.query.Until, err = instant(name, value)
	case "changed_after":
		f.query.Changed, err = instant(name, value)
	case "limit":
		if f.query.Limit, err = strconv.Atoi(value); err != nil || f.query.Limit < 1 || f.query.Limit > limitMax {
			return bad("must be a whole number from 1 to 100")
		}
	case "cursor":
		var ok bool
		if f.query.After, ok = bookingsearch.ParseKey(value); !ok {
			return bad("must be a next_cursor of an earlier answer")
		}
	}
	return err
}

// instant reads a moment.
func instant(name, value string) (section.Instant, error) {
	at, err := time.Parse(time.RFC3339, value)
	if err != nil || at.UnixMilli() <= 0 {
		return 0, problem.BadField(name, "must be a time of RFC 3339 after 1970, such as 2030-06-01T19:30:00Z")
	}
	return section.Instant(at.UnixMilli()), nil
}
