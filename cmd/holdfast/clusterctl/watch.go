package clusterctl

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"holdfast/api/wire"
	"holdfast/cmd/holdfast/pause"
	"holdfast/cmd/holdfast/terminal"
)

// Criteria are what an operator holds a cluster's status against.
type Criteria struct {
	Only   bool     // ask no other node than the one that answers
	Expect int      // how many nodes there should be; 0: any number
	Ignore []string // codes of findings that are known and do not count
	// Pause is the time after which a contradiction must still be there to count: sections move, and answers are not of
	// one instant.
	Pause time.Duration
}

// judge is what counts of a look.
func (c *Criteria) judge(l *Status) []Finding { return without(l.findings(c.Expect), c.Ignore) }

// WriteJSON writes the status and what is wrong with it as one document, for machines.
func WriteJSON(out io.Writer, look *Status, troubles []Finding) error {
	document := struct {
		Queried string       `json:"asked"`
		Well    bool         `json:"well"`
		Cluster wire.Cluster `json:"cluster"`
		// Troubles are all; Disagreements, an older name, are their texts.
		Troubles      []Finding `json:"troubles"`
		Disagreements []string  `json:"disagreements"`
	}{look.api, len(troubles) == 0, look.own, append([]Finding{}, troubles...), []string{}}
	for _, f := range troubles {
		document.Disagreements = append(document.Disagreements, f.Text)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(&document)
}

// watchEvery is the time between two looks: twice a second a person sees every step of a drain, and ten thousand
// sections are no burden.
const watchEvery = 500 * time.Millisecond

// newsMax is how many of the last changes stay on the screen.
const newsMax = 12

// Watch prints the status twice a second until ctx ends: redrawn on a terminal, a line for each change elsewhere.
func Watch(ctx context.Context, out io.Writer, nodes *Nodes, criteria Criteria, sections bool) error {
	w := watch{criteria: criteria, sections: sections}
	screen, redraw := terminal.Screen(out)
	var (
		before *Status
		news   []string
	)
	for {
		look, err := nodes.Status(ctx, criteria.Only)
		if ctx.Err() != nil {
			return nil // a signal ends it well
		}
		fresh := freshNews(before, look, err)
		text := strings.Join(fresh, "")
		switch {
		case redraw:
			news = append(news, fresh...)
			news = news[max(0, len(news)-newsMax):]
			if _, err := io.WriteString(screen, "\x1b[H\x1b[J"); err != nil {
				return err
			}
			text = w.frame(before, look, err) + "\n" + strings.Join(news, "")
		case before == nil && look != nil:
			text = w.frame(nil, look, nil)
		}
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
		if look != nil {
			before = look
		}
		if !pause.For(ctx, watchEvery) {
			return nil
		}
	}
}

// freshNews are the lines of what happened since the look before, with the time.
func freshNews(before, now *Status, err error) (lines []string) {
	stamp := time.Now().Format("15:04:05.0") + "  "
	if err != nil {
		return []string{stamp + err.Error() + "\n"}
	}
	if before == nil {
		return nil
	}
	if before.api != now.api {
		lines = append(lines, fmt.Sprintf("%s%s does not answer: %s is asked\n", stamp, before.api, now.api))
	}
	for _, line := range narrate(before, now) {
		lines = append(lines, stamp+line+"\n")
	}
	return lines
}

// watch is what a status that is watched shows.
type watch struct {
	criteria Criteria
	sections bool
}

func (w *watch) frame(before, look *Status, err error) string {
	if err != nil {
		return err.Error() + "\n"
	}
	var moves []move
	if before != nil {
		moves = movesBetween(before, look)
	}
	return Draw(look, moves, w.criteria.judge(look), w.sections)
}
