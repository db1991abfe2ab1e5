//go:build !planted

package actors

import "holdfast/actors/section"

func planted(plantedBug) bool { return false }

func plantedLieStands() bool { return false }

func (w *Writer) plantedOutcome(err error) (bool, error) { return false, err }

func (w *Writer) plantedVerdict(*Request) {}

func (w *Writer) plantedChange(*section.Change) {}

func (w *Writer) plantedApplied(*section.Change) {}

func (a *sectionActor) plantedGhost(*Request) {}
