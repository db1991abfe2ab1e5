//go:build race

package cluster_test

// seedsUsual is how many runs an ordinary test takes.
const seedsUsual = 60

// seedsOfDoors is the same of worlds with a waiting room.
const seedsOfDoors = 10

// seedsOfCoordinators is the same of worlds whose event has coordinators.
const seedsOfCoordinators = 5

// seedsOfOrders is the same of worlds whose buyers book over several sections.
const seedsOfOrders = 10
