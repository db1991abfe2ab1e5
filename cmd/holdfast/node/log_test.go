package node

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"holdfast/storage"
	"holdfast/storage/sqlstore"
)

// The line of the database's trouble is an alarm when it lasts and one INFO line when it does not.
func TestStoreAlarmsThatHealAtOnceAreNone(t *testing.T) {
	var out bytes.Buffer
	log, lines := NewLog(&out, "text", "info")
	n := &Node{log: log}
	for _, name := range []string{sqlstore.AlarmUnreachable, sqlstore.AlarmAppends} {
		n.logStoreAlarm(sqlstore.Alarm{Name: name, On: true, Text: "trouble with " + name, Err: storage.ErrUnavailable})
		n.logStoreAlarm(sqlstore.Alarm{Name: name, Text: "over"})
	}
	lines.Flush()
	if text := out.String(); strings.Contains(text, "ALARM") || strings.Count(text, "\n") != 2 ||
		!strings.Contains(text, "over at once: trouble with store_unreachable") {
		t.Errorf("%s", text)
	}
	out.Reset()
	n.logStoreAlarm(sqlstore.Alarm{Name: sqlstore.AlarmUnreachable, On: true, Text: "trouble",
		Err: storage.ErrUnavailable})
	lines.Flush() // as patience does
	if text := out.String(); !strings.Contains(text, `level=ERROR msg="ALARM: trouble" alarm=store_unreachable`) {
		t.Errorf("%s", text)
	}
	if alarmPatience != time.Second {
		t.Errorf("the README says a second, not %v", alarmPatience)
	}
}
