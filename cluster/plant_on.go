//go:build planted

package cluster

// activeBugs is set before a run, by the functions below, and by nothing else.
var activeBugs plantedBug

func planted(b plantedBug) bool { return activeBugs&b != 0 }

// PlantKin has nodes take whoever is in gossip for one of their own.
func PlantKin() { activeBugs = plantKin }

// PlantForgotten has nodes that are part of no cluster claim what a cluster's should have.
func PlantForgotten() { activeBugs = plantForgotten }

// PlantNothing ends it.
func PlantNothing() { activeBugs = 0 }
