package clusterctl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// move is a section that another node runs than before. "" is nobody.
type move struct {
	section  sectionKey
	from, to string
}

// movesBetween are the sections whose owners changed, in the order of the later look's list. What was not known before
// has not moved.
func movesBetween(before, after *Status) (all []move) {
	was, is := before.owners(), after.owners()
	for i := range after.own.Sections {
		key := keyOf(&after.own.Sections[i])
		if from, known := was[key]; known && from != is[key] {
			all = append(all, move{key, from, is[key]})
		}
	}
	return all
}

// namesMax is how many sections a line names before it only counts them.
const namesMax = 12

// moveLines puts moves into words: a line for each pair of nodes.
func moveLines(moves []move, name func(sectionKey) string) (lines []string) {
	type pair struct{ from, to string }
	sections := map[pair][]string{}
	var order []pair
	for _, m := range moves {
		p := pair{m.from, m.to}
		if sections[p] == nil {
			order = append(order, p)
		}
		sections[p] = append(sections[p], name(m.section))
	}
	slices.SortStableFunc(order, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	for _, p := range order {
		lines = append(lines, fmt.Sprintf("%s → %s: %s", cmp.Or(p.from, "nobody"), cmp.Or(p.to, "nobody"),
			counted(sections[p])))
	}
	return lines
}

// counted lists names, as many as a line holds.
func counted(names []string) string {
	noun := "sections"
	if len(names) == 1 {
		noun = "section"
	}
	shown, rest := names, ""
	if len(names) > namesMax {
		shown, rest = names[:namesMax], " …"
	}
	return fmt.Sprintf("%d %s (%s%s)", len(names), noun, strings.Join(shown, " "), rest)
}

// narrate tells what happened between two looks, a line for each thing.
func narrate(before, after *Status) (lines []string) {
	was, is := membersOf(&before.own), membersOf(&after.own)
	for _, n := range after.own.Nodes {
		switch old, known := was[n.ID]; {
		case !known:
			lines = append(lines, fmt.Sprintf("%s is there (%s)", n.Name, n.State))
		case old.State != n.State:
			lines = append(lines, fmt.Sprintf("%s: %s → %s", n.Name, old.State, n.State))
		}
	}
	for _, n := range before.own.Nodes {
		if _, there := is[n.ID]; !there {
			lines = append(lines, n.Name+" has gone")
		}
	}
	return append(lines, moveLines(movesBetween(before, after), after.namer())...)
}

// gains counts, by node, the sections that came and went.
func gains(moves []move) (came, went map[string]int) {
	came, went = map[string]int{}, map[string]int{}
	for _, m := range moves {
		came[m.to]++
		went[m.from]++
	}
	return came, went
}
