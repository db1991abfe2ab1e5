package eventctl

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"holdfast/api/card"

	"holdfast/actors/venue"
	"holdfast/cmd/holdfast/terminal"
)

// Plan is a seating plan that was read and found whole.
type Plan struct {
	Venue *venue.Venue
	raw   []byte       // as it was read
	front *venue.Front // as it was asked for; nil: the plan's own
}

// ReadPlan reads a plan of any known form; - is standard input. name is the event's, empty: the venue's. front is where
// people look, empty: as the plan says. The error tells every defect, and what a server would refuse too.
func ReadPlan(path, name, front string) (*Plan, error) {
	raw, err := readFile(path)
	if err != nil {
		return nil, err
	}
	plan, options := &Plan{raw: raw}, venue.Options{Name: name}
	if front != "" {
		if plan.front, err = venue.ParseFront(front); err != nil {
			return nil, fmt.Errorf("--front %s: %w", front, err)
		}
		options.Front = plan.front
	}
	if plan.Venue, err = venue.Parse(raw, options); err != nil {
		return nil, fmt.Errorf("%s: %w", path, everyDefect(err))
	}
	if err := card.CheckPlan(raw); err != nil { // what a server would refuse, a check refuses too
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return plan, nil
}

// everyDefect makes an error that tells all of a plan's defects, one a line: whoever repairs a plan needs the list.
func everyDefect(err error) error {
	var refused *venue.DefectsError
	if !errors.As(err, &refused) {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "plan refused, %s", terminal.Numbered(len(refused.Defects)+refused.More, "defect"))
	for _, defect := range refused.Defects {
		fmt.Fprintf(&text, "\n  %s: %s", cmp.Or(defect.Path, "/"), defect.Problem)
	}
	if refused.More > 0 {
		fmt.Fprintf(&text, "\n  … and %d more", refused.More)
	}
	return errors.New(text.String())
}

func readFile(path string) ([]byte, error) {
	raw, err := []byte(nil), error(nil)
	if path == "-" {
		raw, err = io.ReadAll(os.Stdin)
	} else {
		raw, err = os.ReadFile(path)
	}
	return venue.WithoutMark(raw), err
}
