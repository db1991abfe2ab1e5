package wire

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"holdfast/api/wire/pricing"
)

// Time is a moment in milliseconds since the Unix epoch. Its text is RFC 3339 in UTC with milliseconds.
type Time int64

const timeLayout = "2006-01-02T15:04:05.000Z"

// AppendTime appends the text of t, without quotes. It is in every booking's answer; a layout read anew costs four
// times as much.
func AppendTime(dst []byte, t Time) []byte {
	moment := time.UnixMilli(int64(t)).UTC()
	year, month, day := moment.Date()
	hour, minute, second := moment.Clock()
	if year < 0 || year > 9999 {
		return moment.AppendFormat(dst, timeLayout)
	}
	dst = appendDigits(dst, year, 4, '-')
	dst = appendDigits(dst, int(month), 2, '-')
	dst = appendDigits(dst, day, 2, 'T')
	dst = appendDigits(dst, hour, 2, ':')
	dst = appendDigits(dst, minute, 2, ':')
	dst = appendDigits(dst, second, 2, '.')
	return appendDigits(dst, moment.Nanosecond()/1e6, 3, 'Z')
}

// appendDigits appends n with leading zeros, and what follows it.
func appendDigits(dst []byte, n, width int, then byte) []byte {
	var digits [4]byte
	for i := width - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return append(append(dst, digits[:width]...), then)
}

// String is the text of t.
func (t Time) String() string { return string(AppendTime(nil, t)) }

// MarshalJSON writes the quoted text.
func (t Time) MarshalJSON() ([]byte, error) {
	dst := append(make([]byte, 0, len(timeLayout)+2), '"')
	return append(AppendTime(dst, t), '"'), nil
}

// UnmarshalJSON reads any RFC 3339 time of the years 1970 to 9999; finer than a millisecond is cut.
func (t *Time) UnmarshalJSON(quoted []byte) error {
	raw, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return errors.New("must be an RFC 3339 time in a string")
	}
	parsed, err := parseMoment(string(raw))
	if err != nil {
		return err
	}
	*t = Time(parsed.UnixMilli())
	return nil
}

// OptionalText is a string that may be left out; "" is another thing. A pointer would cost every confirm an allocation.
type OptionalText struct {
	Text  string
	Given bool
}

// MarshalJSON writes the string; one that is not given is left out by omitzero.
func (t OptionalText) MarshalJSON() ([]byte, error) { return AppendString(nil, t.Text), nil }

// UnmarshalJSON reads a string.
func (t *OptionalText) UnmarshalJSON(quoted []byte) error {
	text, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return errors.New("must be a string")
	}
	*t = OptionalText{Text: Borrow(text), Given: true}
	return nil
}

// FacePrices are prices that are nothing but a number each.
func FacePrices(prices map[string]int64) map[string]pricing.Given { return pricing.Faces(prices) }

// Faces are the face values of prices: what they cost in all, where they were given as numbers.
func Faces(prices map[string]pricing.Given) map[string]int64 {
	out := make(map[string]int64, len(prices))
	for category, price := range prices {
		if price.Face != nil {
			out[category] = *price.Face
		}
	}
	return out
}

// Raw is a JSON value kept as it came.
type Raw []byte

// MarshalJSON returns the value itself, null when there is none.
func (r Raw) MarshalJSON() ([]byte, error) {
	if len(r) == 0 {
		return []byte("null"), nil
	}
	return r, nil
}

// UnmarshalJSON keeps a copy.
func (r *Raw) UnmarshalJSON(value []byte) error {
	*r = bytes.Clone(value)
	return nil
}

// SeatChange is one seat's new letter; its JSON is the pair [index, "letter"].
type SeatChange struct {
	Seat   uint32
	Letter byte
}

// AppendSeatChange appends the JSON of c.
func AppendSeatChange(dst []byte, c SeatChange) []byte {
	dst = strconv.AppendUint(append(dst, '['), uint64(c.Seat), 10)
	return append(dst, ',', '"', c.Letter, '"', ']')
}

// MarshalJSON writes the pair.
func (c SeatChange) MarshalJSON() ([]byte, error) { return AppendSeatChange(nil, c), nil }

// UnmarshalJSON reads the pair.
func (c *SeatChange) UnmarshalJSON(raw []byte) error {
	var pair []Raw
	if err := Decode(raw, &pair); err != nil {
		return err
	}
	var letter string
	if len(pair) != 2 || Decode(pair[0], &c.Seat) != nil || Decode(pair[1], &letter) != nil || len(letter) != 1 {
		return errors.New("must be a pair of a seat's index and one letter")
	}
	c.Letter = letter[0]
	return nil
}
