//go:build race

package actors

// simSeedsUsual is how many runs an ordinary test takes.
const simSeedsUsual = 300

// simClusterSeedsUsual is the same of whole clusters.
const simClusterSeedsUsual = 60
