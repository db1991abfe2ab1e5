//go:build !planted

package actors

import "holdfast/actors/writer"

func planted(plantedBug) bool { return false }

func plantedLieStands() bool { return false }

func (a *sectionActor) plantedGhost(*writer.Request) {}
