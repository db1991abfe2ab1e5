package clusterctl

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"holdfast/api/wire"
)

// Draw is the whole picture for people.
func Draw(look *Status, moves []move, troubles []Finding, sections bool) string {
	var text strings.Builder
	fmt.Fprintf(&text, "as %s sees it, view %s\n\n", look.selfName(), look.own.View)
	drawNodes(&text, look, moves)
	own := &look.own
	fmt.Fprintf(&text, "\n%d sections: %d served, %d in doubt, %d not where they are placed", own.Total, own.Serving,
		own.InDoubt, own.Misplaced)
	if own.Asleep > 0 {
		fmt.Fprintf(&text, ", %d asleep (not on sale)", own.Asleep)
	}
	if own.Uncertain > 0 {
		fmt.Fprintf(&text, "; of %d the database does not say whether they may be claimed", own.Uncertain)
	}
	text.WriteString("\n")
	drawFeeds(&text, look)
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

func drawNodes(out io.Writer, look *Status, moves []move) {
	came, went := gains(moves)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  NODE\tSTATE\tSECTIONS\tROUND TRIP\tAPI\tID")
	for i := range look.nodes {
		n := &look.nodes[i].node
		mark, roundTrip := "  ", fmt.Sprintf("%.2f ms", n.RoundTrip)
		switch {
		case n.Self:
			mark, roundTrip = "* ", "-"
		case !n.Up:
			roundTrip = "DOWN"
		}
		fmt.Fprintf(table, "%s%s\t%s\t%d%s\t%s\t%s\t%.8s\n", mark, n.Name, n.State, n.Sections,
			signed(came[n.Name], went[n.Name]), roundTrip, n.API, n.ID)
	}
	_ = table.Flush() // into memory
}

// drawFeeds says which of those who are told what happens wait, and at which node.
func drawFeeds(out io.Writer, look *Status) {
	for i := range look.nodes {
		said := look.nodes[i].said
		if said == nil {
			continue
		}
		for _, f := range said.Feeds {
			fmt.Fprintf(out, "told by %s: %s, ", look.nodes[i].node.Name, f.Sink)
			if f.Behind == 0 {
				fmt.Fprint(out, "nothing waits")
			} else {
				fmt.Fprintf(out, "%d sections wait, the oldest record for %.1f s", f.Behind, f.Oldest)
			}
			if f.Stuck > 0 {
				fmt.Fprintf(out, "; %d logs cannot be followed", f.Stuck)
			}
			fmt.Fprintln(out)
		}
	}
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

func drawDoubt(out io.Writer, look *Status) {
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
		fmt.Fprintf(out, "  in doubt: %s, %s\n", name(keyOf(s)), lastOwner(s, there))
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

func drawSections(out io.Writer, look *Status, moves []move) {
	from := map[sectionKey]string{}
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
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", name(keyOf(s)), s.State, owner, s.Epoch, s.Seq, s.Behind,
			cmp.Or(names[s.Placed], shortID(s.Placed), "-"), from[keyOf(s)])
	}
	_ = table.Flush() // into memory
}
