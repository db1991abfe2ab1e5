//go:build !race

package cluster_test

// seedsUsual is how many runs an ordinary test takes.
const seedsUsual = 1000

// seedsOfDoors is the same of worlds with a waiting room.
const seedsOfDoors = 100
