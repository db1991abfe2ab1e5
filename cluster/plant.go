package cluster

// plantedBug is a set of bugs that this package has on purpose in a build with the tag "planted": the proof that the simulator of clusters
// finds them. Never ship such a build; in any other the compiler removes them.
type plantedBug uint32

const (
	plantKin       plantedBug = 1 << iota // whoever is in gossip is a member, whatever store it is on, and nobody yields
	plantForgotten                        // a node that is part of no cluster claims what nodes of one should have
)
