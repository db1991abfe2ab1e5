package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"holdfast/api/wire"
)

type clusterStatusCommand struct {
	nodeTarget
	Expect   int      `help:"How many nodes there should be; another number is a trouble." env:"-" placeholder:"N"`
	Ignore   []string `help:"Codes of troubles that are known and do not count, such as builds_differ during an upgrade." env:"-" placeholder:"CODE"`
	Only     bool     `help:"Ask only this node: for where the others' addresses are not reached from, or where the key must not be sent to them." env:"-"`
	Sections bool     `help:"List every section, not only those in doubt." env:"-"`
	Watch    bool     `env:"-" help:"Look twice a second until ^C, and mark what moves: redrawn on a terminal, a line for each change elsewhere." xor:"how"`
	JSON     bool     `env:"-" name:"json" help:"One JSON document: the answer of GET /v1/cluster, and where the nodes disagree." xor:"how"`
}

// Help is shown by holdfast cluster status --help.
func (clusterStatusCommand) Help() string {
	return `Examples:

  holdfast cluster status
  holdfast cluster status --url http://10.0.0.1:8080 --url http://10.0.0.2:8080 --operator-key-file operator --expect 3
  holdfast cluster status --url http://10.0.0.1:8080 --operator-key-file operator --watch
  holdfast cluster status --ignore builds_differ
      In the middle of an upgrade.
  holdfast cluster status --json | jq -r '.troubles[] | .code + " " + .node'

One node is asked who is there, then each of the others is asked, in plain HTTP and with the same key, at the address that it gives for its API
(--only: not). Of several --url the first that answers is asked; --watch turns to another node when the one that it asks dies. A section is in
doubt while nobody says to run it who can be reached: some two seconds after a node crashed, and a moment while it moves. What is not well is
looked at twice before it is said, in a line of its own that begins with "trouble:" and ends with its code.

Exit code: 0 all is well, 1 there is trouble, 2 could not ask.`
}

// Run shows the cluster once, or until a signal.
func (s *clusterStatusCommand) Run(c *console) error {
	if s.Expect < 0 {
		return errors.New("--expect must not be negative")
	}
	nodes, err := s.asker()
	if err != nil {
		return err
	}
	if s.Watch {
		ctx, restoreSignals := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM)
		defer restoreSignals()
		return s.watch(ctx, c.out, nodes)
	}
	look, troubles, err := confirmed(c.ctx, nodes, s)
	if err != nil {
		return err
	}
	if s.JSON {
		err = writeStatusJSON(c.out, look, troubles)
	} else {
		_, err = io.WriteString(c.out, drawStatus(look, nil, troubles, s.Sections))
	}
	if err == nil && len(troubles) > 0 {
		return errFindings
	}
	return err
}

// judge is what counts of a look.
func (s *clusterStatusCommand) judge(l *clusterLook) []finding {
	return without(l.findings(s.Expect), s.Ignore)
}

func writeStatusJSON(out io.Writer, look *clusterLook, troubles []finding) error {
	document := struct {
		Asked   string       `json:"asked"`
		Well    bool         `json:"well"`
		Cluster wire.Cluster `json:"cluster"`
		// Troubles are all; Disagreements, an older name, are their texts.
		Troubles      []finding `json:"troubles"`
		Disagreements []string  `json:"disagreements"`
	}{look.asked, len(troubles) == 0, look.own, append([]finding{}, troubles...), []string{}}
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

func (s *clusterStatusCommand) watch(ctx context.Context, out io.Writer, nodes *asker) error {
	screen, redraw := screenOf(out)
	var (
		before *clusterLook
		news   []string
	)
	for {
		look, err := nodes.look(ctx, s.Only)
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
			text = s.frame(before, look, err) + "\n" + strings.Join(news, "")
		case before == nil && look != nil:
			text = s.frame(nil, look, nil)
		}
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
		if look != nil {
			before = look
		}
		if !pause(ctx, watchEvery) {
			return nil
		}
	}
}

// screenOf is the terminal behind out, for what no name may do: to clear it.
func screenOf(out io.Writer) (screen *os.File, ok bool) {
	if t, wrapped := out.(*terminal); wrapped {
		out = t.out
	}
	screen, ok = out.(*os.File)
	return screen, ok && term.IsTerminal(int(screen.Fd()))
}

// freshNews are the lines of what happened since the look before, with the time.
func freshNews(before, now *clusterLook, err error) (lines []string) {
	stamp := time.Now().Format("15:04:05.0") + "  "
	if err != nil {
		return []string{stamp + err.Error() + "\n"}
	}
	if before == nil {
		return nil
	}
	if before.asked != now.asked {
		lines = append(lines, fmt.Sprintf("%s%s does not answer: %s is asked\n", stamp, before.asked, now.asked))
	}
	for _, line := range narrate(before, now) {
		lines = append(lines, stamp+line+"\n")
	}
	return lines
}

func (s *clusterStatusCommand) frame(before, look *clusterLook, err error) string {
	if err != nil {
		return err.Error() + "\n"
	}
	var moves []move
	if before != nil {
		moves = movesBetween(before, look)
	}
	return drawStatus(look, moves, s.judge(look), s.Sections)
}

// drawStatus is the whole picture for people.
func drawStatus(look *clusterLook, moves []move, troubles []finding, sections bool) string {
	var text strings.Builder
	fmt.Fprintf(&text, "as %s sees it, view %s\n\n", look.selfName(), look.own.View)
	drawNodes(&text, look, moves)
	own := &look.own
	fmt.Fprintf(&text, "\n%d sections: %d served, %d in doubt, %d not where they are placed", own.Total, own.Serving, own.InDoubt, own.Misplaced)
	if own.Asleep > 0 {
		fmt.Fprintf(&text, ", %d asleep (not on sale)", own.Asleep)
	}
	if own.Uncertain > 0 {
		fmt.Fprintf(&text, "; of %d the database does not say whether they may be claimed", own.Uncertain)
	}
	text.WriteString("\n")
	for _, f := range troubles {
		fmt.Fprintf(&text, "trouble: %s\n", f)
	}
	if sections {
		drawSections(&text, look, moves)
	} else {
		drawDoubt(&text, look)
	}
	return text.String()
}

func drawNodes(out io.Writer, look *clusterLook, moves []move) {
	came, went := gains(moves)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  NODE\tSTATE\tSECTIONS\tROUND TRIP\tAPI\tID")
	for i := range look.nodes {
		n := &look.nodes[i].node
		mark, trip := "  ", fmt.Sprintf("%.2f ms", n.RoundTrip)
		switch {
		case n.Self:
			mark, trip = "* ", "-"
		case !n.Up:
			trip = "DOWN"
		}
		fmt.Fprintf(table, "%s%s\t%s\t%d%s\t%s\t%s\t%.8s\n", mark, n.Name, n.State, n.Sections, signed(came[n.Name], went[n.Name]), trip, n.API, n.ID)
	}
	_ = table.Flush() // into memory
}

// signed writes what a node gained and lost.
func signed(came, went int) (text string) {
	if came > 0 {
		text += fmt.Sprintf(" +%d", came)
	}
	if went > 0 {
		text += fmt.Sprintf(" -%d", went)
	}
	return text
}

// doubtMax is how many sections in doubt are listed; the rest is counted.
const doubtMax = 20

func drawDoubt(out io.Writer, look *clusterLook) {
	name, shown, there := look.namer(), 0, membersOf(&look.own)
	for i := range look.own.Sections {
		s := &look.own.Sections[i]
		if s.State != wire.SectionInDoubt {
			continue
		}
		if shown++; shown > doubtMax {
			fmt.Fprintf(out, "  … and %d more (--sections lists all)\n", look.own.InDoubt-doubtMax)
			return
		}
		fmt.Fprintf(out, "  in doubt: %s, %s\n", name(whereOf(s)), lastOwner(s, there))
	}
}

// lastOwner says what is known of a section that nobody says to run.
func lastOwner(s *wire.ClusterSection, there map[string]wire.ClusterNode) string {
	if s.Owner == "" {
		return "owner not known"
	}
	who := cmp.Or(s.OwnerName, shortID(s.Owner))
	if _, member := there[s.Owner]; !member {
		who += ", which gossip does not know any more,"
	}
	return fmt.Sprintf("last run by %s in epoch %d", who, s.Epoch)
}

func shortID(id string) string { return id[:min(8, len(id))] }

func drawSections(out io.Writer, look *clusterLook, moves []move) {
	from := map[where]string{}
	for _, m := range moves {
		from[m.section] = "  ◀ from " + cmp.Or(m.from, "nobody")
	}
	names := map[string]string{}
	for _, n := range look.own.Nodes {
		names[n.ID] = n.Name
	}
	name := look.namer()
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nSECTION\tSTATE\tOWNER\tEPOCH\tSEQ\tBEHIND\tPLACED\t")
	for i := range look.own.Sections {
		s := &look.own.Sections[i]
		owner := cmp.Or(s.OwnerName, shortID(s.Owner), "-")
		if !s.Sure {
			owner += "?"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", name(whereOf(s)), s.State, owner, s.Epoch, s.Seq, s.Behind,
			cmp.Or(names[s.Placed], shortID(s.Placed), "-"), from[whereOf(s)])
	}
	_ = table.Flush() // into memory
}
