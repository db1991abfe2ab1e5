//go:build race

package cluster_test

// seedsUsual is how many runs an ordinary test takes.
const seedsUsual = 60
