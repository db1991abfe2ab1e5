//go:build !planted

package cluster

func planted(plantedBug) bool { return false }
