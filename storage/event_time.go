package storage

import (
	"errors"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the same zones on every machine: a bare one has none

	"holdfast/actors/section"
)

// ErrZone says that a text is no name of a time zone that this build knows.
var ErrZone = errors.New("storage: no such time zone")

// zonesOfMachines are names that a machine's files know and the world does not: they mean something else on the next
// machine, or count leap seconds. time.LoadLocation looks at those files first.
var zonesOfMachines = []string{"localtime", "Local", "posixrules", "Factory", "leapseconds", "tzdata.zi"}

// LoadZone finds a zone by IANA's name, such as Europe/Berlin or UTC; ErrZone.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/") {
		return nil, ErrZone
	}
	for _, not := range zonesOfMachines {
		if name == not {
			return nil, ErrZone
		}
	}
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, ErrZone
	}
	zones.Store(name, zone)
	return zone, nil
}

// zones are those that were asked for, by name: there are some six hundred, and reading one takes longer than answering
// a request.
var zones sync.Map

// Zone is the clock of the venue: its time zone, or the offset that was given with the start. A zone that this build
// does not know (the event is a newer build's) is the offset as well.
func (e *Event) Zone() *time.Location {
	if e.TimeZone != "" {
		if zone, err := LoadZone(e.TimeZone); err == nil {
			return zone
		}
	}
	if e.StartsMinutes == 0 {
		return time.UTC
	}
	return time.FixedZone("", int(e.StartsMinutes)*60)
}

// SaleEnd is the moment from which no new hold may begin, whatever the sale switch says: the end that was given, else
// the start of the show. some is false for an event that has neither, whose sale ends by the switch alone.
func (e *Event) SaleEnd() (at section.Instant, some bool) {
	if e.SaleEndsAt != 0 {
		return e.SaleEndsAt, true
	}
	return e.StartsAt, e.StartsAt != 0
}

// MinutesAhead is how far the clock of a place is ahead of UTC at a moment, in whole minutes.
func MinutesAhead(zone *time.Location, at section.Instant) int16 {
	_, seconds := time.UnixMilli(int64(at)).In(zone).Zone()
	return int16(seconds / 60)
}
