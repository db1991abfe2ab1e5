package node

import (
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"holdfast/actors/oplog"
	"holdfast/actors/telemetry"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
)

const (
	// logWindow is how long lines about sections are gathered into one: a database's end reaches all sections within
	// it.
	logWindow = 500 * time.Millisecond
	// alarmPatience is how long an alarm that can end must last to be told as one.
	alarmPatience = time.Second
)

// NewLog is the log of a server; flush it before the process ends.
func NewLog(w io.Writer, format, level string) (*slog.Logger, *oplog.Handler) {
	handler := oplog.New(terminal.NewLogHandler(w, format, level), oplog.Options{
		Window: logWindow, Patience: alarmPatience,
		Heals: []string{
			alarmDiskFull, telemetry.AlarmSectionsInDoubt, telemetry.AlarmClockDoubt, sqlstore.AlarmUnreachable,
			sqlstore.AlarmAppends,
		},
	})
	return slog.New(handler), handler
}

// nameThings has the log call sections and nodes what people call them.
func (n *Node) nameThings() {
	if handler, ok := n.log.Handler().(*oplog.Handler); ok {
		handler.Name(oplog.Names{Section: n.sectionName, Node: n.nodeCalled})
	}
}

// sectionName is the plan's name of a section, by its key.
func (n *Node) sectionName(key string) (string, bool) {
	event, number, _ := strings.Cut(key, "/")
	id, err := storage.ParseEventID(event)
	no, bad := strconv.ParseUint(number, 10, 32)
	if err != nil || bad != nil {
		return "", false
	}
	return n.engine.SectionName(storage.SectionKey{Event: id, Section: storage.SectionNo(no)})
}

// nodeCalled is the name of the node whose writer's id begins so.
func (n *Node) nodeCalled(id string) (string, bool) {
	if n.liveness == nil {
		return "", false
	}
	return n.liveness.NameOf(id)
}

func nodeName() string {
	name, err := os.Hostname()
	if err != nil {
		return "node"
	}
	return name
}
