//go:build race

package actors

// simClusterSeedsUsual is how many runs an ordinary test takes.
const simClusterSeedsUsual = 60
