// Package roomrules is the wire of what an event asks of those who join its waiting room, as POST /v1/events takes it
// and answers show it. Pointers tell an absent member from a zero one; in answers every default is filled in.
//
// It stands below package wire, whose events hold these.
package roomrules

// ProofOfWork is the puzzle of a join: half as many hashes in the mean as the number says.
type ProofOfWork struct {
	MaxNumber       *int64 `json:"max_number,omitempty"`       // while all is calm
	MaxNumberRush   *int64 `json:"max_number_rush,omitempty"`  // at most
	JoinsPerSecond  *int64 `json:"joins_per_second,omitempty"` // on one node, from which on the number doubles
	LifetimeSeconds *int64 `json:"lifetime_seconds,omitempty"` // from the puzzle to the join
}
