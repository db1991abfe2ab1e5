package buyers

import (
	"bytes"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
	"holdfast/bench/load"
)

// Answers are looked through for a few members rather than parsed whole: on a machine that client and server share,
// everything more would be measured as if the server had done it. What is not where it should be makes the answer
// Failed, and is never guessed.

var (
	memberID      = []byte(`"id":"`)
	memberState   = []byte(`"state":"`)
	memberSeats   = []byte(`"seats":[`)
	memberExpires = []byte(`"expires_at":"`)
	memberCode    = []byte(`"code":"`)
	memberStatus  = []byte(`"status":"`)
)

// text is a string member's value, as long as it has no escapes; ids, states and times never do.
func text(body, member []byte) (value []byte, ok bool) {
	_, rest, found := bytes.Cut(body, member)
	end := bytes.IndexByte(rest, '"')
	if !found || end < 0 {
		return nil, false
	}
	return rest[:end], true
}

// texts calls visit for each string of a list member.
func texts(body, member []byte, visit func([]byte) bool) bool {
	_, rest, found := bytes.Cut(body, member)
	for found {
		open := bytes.IndexByte(rest, '"')
		if end := bytes.IndexByte(rest, ']'); end >= 0 && (open < 0 || end < open) {
			return true
		}
		if open < 0 {
			return false
		}
		rest = rest[open+1:]
		shut := bytes.IndexByte(rest, '"')
		if shut < 0 || !visit(rest[:shut]) {
			return false
		}
		rest = rest[shut+1:]
	}
	return false
}

// expires is the booking's expires_at in Unix milliseconds.
func expires(body []byte) (at int64, ok bool) {
	_, rest, found := bytes.Cut(body, memberExpires)
	end := bytes.IndexByte(rest, '"')
	if !found || end < 0 {
		return 0, false
	}
	return parseTime(rest[:end])
}

// parseTime reads the form that servers here write, 2027-06-01T19:30:00.000Z, by hand, and any other by the wire's
// rules.
func parseTime(text []byte) (at int64, ok bool) {
	if ms, ok := parseStamp(text); ok {
		return ms, true
	}
	var moment wire.Time
	quoted := append(append([]byte{'"'}, text...), '"')
	if moment.UnmarshalJSON(quoted) != nil {
		return 0, false
	}
	return int64(moment), true
}

func parseStamp(text []byte) (at int64, ok bool) {
	const form = "0000-00-00T00:00:00.000Z"
	if len(text) != len(form) {
		return 0, false
	}
	var fields [7]int64
	field := 0
	for i, c := range text {
		switch {
		case form[i] != '0' && c != form[i]:
			return 0, false
		case form[i] != '0':
			field++
		case c < '0' || c > '9':
			return 0, false
		default:
			fields[field] = 10*fields[field] + int64(c-'0')
		}
	}
	days := daysSinceEpoch(fields[0], fields[1], fields[2])
	return ((days*24+fields[3])*60+fields[4])*60_000 + fields[5]*1000 + fields[6], true
}

// daysSinceEpoch is the day's number, 1970-01-01 being 0, in the proleptic Gregorian calendar. The algorithm counts
// years from March, so that the leap day is the last: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"
// (days_from_civil).
func daysSinceEpoch(year, month, day int64) int64 {
	if month <= 2 {
		year--
	}
	era := year / 400
	ofEra := year - era*400
	ofYear := (153*((month+9)%12)+2)/5 + day - 1
	return era*146_097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719_468
}

// verdictOf is how the load counts an answer, and what it is worth to the checker.
func verdictOf(t *load.Turn) (class load.Outcome, verdict history.Verdict) {
	if t.Lost {
		return load.Unknown, history.Unknown
	}
	body, said := t.Answer.Body, history.Answer{Status: t.Answer.Status}
	class = load.Classify(t.Answer.Status, body)
	switch {
	case class != load.Held && class != load.Served:
		said.Code, _ = text(body, memberCode)
	case t.Kind == KindConfirm || t.Kind == KindRelease:
		said.State, _ = text(body, memberState)
	}
	verdict = said.Verdict(opKinds[t.Kind])
	if verdict == history.Unknown && (class == load.Held || class == load.Served) {
		class = load.Unknown
	}
	return class, verdict
}
