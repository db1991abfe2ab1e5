package wire

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// OffsetTime is a moment as the clock of one place tells it: RFC 3339 with an offset, which is kept as it was given.
type OffsetTime struct {
	Time
	// Minutes is how far the place's clock is ahead of UTC; negative to the west.
	Minutes int16
	// Zulu says that the text ended in Z (or -00:00): UTC, and nothing known of the place (RFC 9557, section 2). Only
	// of what was read.
	Zulu bool
}

// minutesMax is less than a day. RFC 3339 knows no greater offset.
const minutesMax = 24*60 - 1

// AppendOffsetTime appends the text of t with milliseconds, without quotes: Z for no offset.
func AppendOffsetTime(dst []byte, t OffsetTime) []byte {
	if t.Minutes == 0 {
		return AppendTime(dst, t.Time)
	}
	local := t.Time + Time(t.Minutes)*60_000
	if year := time.UnixMilli(int64(local)).UTC().Year(); year < 0 || year > 9999 {
		return AppendTime(dst, t.Time)
	}
	dst = AppendTime(dst, local)
	minutes, sign := int(t.Minutes), byte('+')
	if minutes < 0 {
		minutes, sign = -minutes, '-'
	}
	dst[len(dst)-1] = sign // instead of the Z
	dst = appendDigits(dst, minutes/60, 2, ':')
	return append(dst, byte('0'+minutes%60/10), byte('0'+minutes%60%10))
}

// String is the text of t.
func (t OffsetTime) String() string { return string(AppendOffsetTime(nil, t)) }

// MarshalJSON writes the quoted text.
func (t OffsetTime) MarshalJSON() ([]byte, error) {
	return append(AppendOffsetTime(append(make([]byte, 0, len(timeLayout)+8), '"'), t), '"'), nil
}

// UnmarshalJSON reads what Time reads, and keeps the offset.
func (t *OffsetTime) UnmarshalJSON(quoted []byte) error {
	raw, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return errors.New("must be an RFC 3339 time in a string")
	}
	parsed, err := parseMoment(string(raw))
	if err != nil {
		return err
	}
	_, seconds := parsed.Zone()
	text := string(raw)
	*t = OffsetTime{
		Time: Time(parsed.UnixMilli()), Minutes: int16(seconds / 60), Zulu: strings.HasSuffix(text, "Z") ||
			strings.HasSuffix(text, "-00:00"),
	}
	return nil
}

// rfc3339 is the form of a time, of which package time also takes "T8:00:00", "00,5Z" and "+00:60".
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:[0-5]\d)$`)

// parseMoment reads any RFC 3339 time of the years 1970 to 9999, here and in UTC; finer than a millisecond is cut.
func parseMoment(text string) (time.Time, error) {
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil || !rfc3339.MatchString(text) {
		return time.Time{}, errors.New("must be an RFC 3339 time such as 2027-06-01T19:30:00Z or " +
			"2027-06-01T21:30:00+02:00")
	}
	if parsed.UnixMilli() < 0 || parsed.UTC().Year() > 9999 || parsed.Year() > 9999 {
		return time.Time{}, errors.New("must be a time of the years 1970 to 9999")
	}
	if _, seconds := parsed.Zone(); seconds < -minutesMax*60 || seconds > minutesMax*60 {
		return time.Time{}, errors.New("must be an RFC 3339 time whose offset is less than a day")
	}
	return parsed, nil
}
