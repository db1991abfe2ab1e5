// Package testclock has the JSON types of the clock of a store for tests.
package testclock

import "holdfast/api/wire"

// Advance is the body of POST /v1/test/clock/advance.
type Advance struct {
	Seconds int64 `json:"seconds"`
}

// Clock is how it stands.
type Clock struct {
	Now          wire.Time `json:"now"`           // what holds, sessions and events go by
	AheadSeconds int64     `json:"ahead_seconds"` // of the machine's clock
}
