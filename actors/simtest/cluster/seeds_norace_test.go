//go:build !race

package cluster_test

// seedsUsual is how many runs an ordinary test takes.
const seedsUsual = 1000

// seedsOfDoors is the same of worlds with a waiting room.
const seedsOfDoors = 100

// seedsOfCoordinators is the same of worlds whose event has coordinators.
const seedsOfCoordinators = 100

// seedsOfOrders is the same of worlds whose buyers book over several sections.
const seedsOfOrders = 200
