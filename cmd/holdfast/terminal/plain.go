package terminal

import (
	"fmt"
	"regexp"
	"strconv"

	"holdfast/storage"
)

// roomNames are the packages whose errors begin with their name. The name helps in the source; an operator is told the
// rest.
var roomNames = regexp.MustCompile(`(^|\n|: |\()` +
	`((actors|api|cluster|copier|pebblestore|peer|sandbox|section|sqlstore|storage|token|venue|views|witness): )+`)

// Plain is an error as an operator reads it: without the names of packages, and calm.
func Plain(err error) string { return Calm(roomNames.ReplaceAllString(err.Error(), "$1")) }

// Numbered is a number with its noun: "1 section", "2 sections".
func Numbered(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// ParseEventID reads an event's id as the API writes it.
func ParseEventID(text string) (storage.EventID, error) {
	id, err := storage.ParseEventID(text)
	if err != nil {
		return id, fmt.Errorf("%q is no event id: those look like 0b6d4f0e-6a1c-8f52-9d3e-2f1a0c9b8e7d", text)
	}
	return id, nil
}

// InUse says that another process has a data folder, and what to do.
func InUse(folder, advice string) error {
	return fmt.Errorf("%s is in use by a running holdfast: %s", folder, advice)
}
