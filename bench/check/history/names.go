package history

import (
	"strconv"
	"time"
)

// String is the time since the history's start, in seconds to the microsecond.
func (n Nanos) String() string {
	switch n {
	case Never:
		return "never"
	case -Never:
		return "ever"
	}
	return strconv.FormatFloat(time.Duration(n).Seconds(), 'f', 6, 64) + "s"
}

var kindNames = [...]string{Hold: "hold", Best: "best", Release: "release", Extend: "extend", Confirm: "confirm",
	Look: "look", Leg: "leg"}

func (k Kind) String() string { return kindNames[k] }

var verdictNames = [...]string{Done: "done", Taken: "taken", NoneLeft: "none left", Ended: "ended", Refused: "refused",
	Unknown: "unknown"}

func (v Verdict) String() string { return verdictNames[v] }
