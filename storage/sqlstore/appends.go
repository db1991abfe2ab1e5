package sqlstore

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"holdfast/storage"
)

// appendsPatienceDefault is Options.AppendsPatience's default.
const appendsPatienceDefault = 2 * time.Second

// Names of a store's alarms: they never change.
const (
	AlarmUnreachable = "store_unreachable"
	AlarmAppends     = "appends_failing"
)

// Alarm is the beginning or the end of something for which somebody should be woken.
type Alarm struct {
	Name string // an Alarm… constant
	On   bool   // it begins; else it ends
	Text string
	Err  error // nil when it ends
}

// String is the alarm as one line.
func (a Alarm) String() string {
	if a.On {
		return fmt.Sprintf("ALARM: %s: %v", a.Text, a.Err)
	}
	return a.Text
}

// appends knows whether records are taken, apart from whether the server answers at all.
type appends struct {
	patience time.Duration

	mu       sync.Mutex
	since    time.Time // of the first refused append after the last that landed; zero: none was
	reported bool
}

// judge takes in the answers of one Commit. One that landed says that records are taken; a refusal that is the log's
// own (fenced, a gap, a ticket) says nothing about it. While the server does not answer at all, that is the alarm, and
// one is enough.
func (a *appends) judge(answers []error, now time.Time, reachable bool, tell func(Alarm)) {
	var why error
	for _, err := range answers {
		if err == nil {
			a.landed(tell)
			return
		}
		if errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrUnknown) {
			why = err
		}
	}
	if why == nil {
		return
	}
	a.mu.Lock()
	if a.since.IsZero() {
		a.since = now
	}
	say := !a.reported && reachable && now.Sub(a.since) >= a.patience
	a.reported = a.reported || say
	a.mu.Unlock()
	if say {
		tell(Alarm{Name: AlarmAppends, On: true, Text: "the database takes no records: nothing is sold until it does",
			Err: why})
	}
}

func (a *appends) landed(tell func(Alarm)) {
	a.mu.Lock()
	over := a.reported
	a.since, a.reported = time.Time{}, false
	a.mu.Unlock()
	if over {
		tell(Alarm{Name: AlarmAppends, Text: "the database takes records again"})
	}
}

func (a *appends) failing(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.reported || !a.since.IsZero() && now.Sub(a.since) >= a.patience
}
