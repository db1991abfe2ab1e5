//go:build !race

package actors

// simSeedsUsual is how many runs an ordinary test takes.
const simSeedsUsual = 3000

// simClusterSeedsUsual is the same of whole clusters.
const simClusterSeedsUsual = 1000
