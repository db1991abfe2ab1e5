package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"

	bugs "holdfast/actors/planted"
)

// plantVariable names the bugs that a planted build is to have, separated by commas.
const plantVariable = "HOLDFAST_PLANT"

// plantedBugs wakes what HOLDFAST_PLANT names, and says so at every start, on every level of the log: a build that can
// be made to oversell must never be taken for one that cannot.
func plantedBugs(log *slog.Logger) error {
	names := os.Getenv(plantVariable)
	if err := bugs.Activate(names); err != nil {
		return fmt.Errorf("%s: %w", plantVariable, err)
	}
	log.Error("THIS BUILD HAS PLANTED BUGS: " + cmp.Or(names, "none of them is chosen") +
		". It is for testing checkers; never sell with it.")
	return nil
}
