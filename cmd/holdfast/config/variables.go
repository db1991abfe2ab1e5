package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

const variablePrefix = "HOLDFAST_"

// Variables that begin like ours and are nobody's setting.
var (
	// Kubernetes tells every pod of every service of the namespace. One called holdfast gives HOLDFAST_SERVICE_HOST,
	// HOLDFAST_PORT_8080_TCP_ADDR ….
	serviceVariable = regexp.MustCompile(`^HOLDFAST_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)
	// What this repository's tests are told, and the servers that they break on purpose.
	testVariable = regexp.MustCompile(`^HOLDFAST_((TEST|SIM|CRASH|CHAOS|ATTACK|BENCH|PAGE|PGTEST)_\w+|DRILL|PLANT|PLANS|CLOCK_FILE|COCKROACH_BINARY|\w+_SEEDS?)$`)
)

// UnknownVariables refuses a HOLDFAST_… that no flag reads: a misspelt limit would otherwise be no limit at all. Values
// are not repeated, for they may be secrets.
func UnknownVariables(app *kong.Application, environment []string) error {
	var known []string
	everyFlag(app.Node, func(flag *kong.Flag) { known = append(known, flag.Envs...) })
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, variablePrefix) || slices.Contains(known, name) ||
			serviceVariable.MatchString(name) || testVariable.MatchString(name) {
			continue
		}
		return fmt.Errorf("environment: no setting is called %s%s; unset the variable, for a setting that is not "+
			"read would be believed to count",
			name, didYouMean(name, known))
	}
	return nil
}

// didYouMean names the known name that is nearest to a misspelt one. A word that was left out, such as HS256, is one
// mistake, however long it is.
func didYouMean(name string, known []string) string {
	best, least := "", len(name)/2+1
	for _, candidate := range known {
		d := distance(name, candidate)
		if hasWords(candidate, name) {
			d = strings.Count(candidate, "_") - strings.Count(name, "_")
		}
		if d < least {
			best, least = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// hasWords says that a name has all words of another, in their order.
func hasWords(name, other string) bool {
	words := strings.Split(other, "_")
	for word := range strings.SplitSeq(name, "_") {
		if len(words) > 0 && word == words[0] {
			words = words[1:]
		}
	}
	return len(words) == 0
}

// distance counts the letters to insert, to leave out, or to change between two names (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
