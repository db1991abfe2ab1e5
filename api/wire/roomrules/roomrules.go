// Package roomrules is the wire of what an event asks of those who join its waiting room, as POST /v1/events takes it
// and answers show it. Pointers tell an absent member from a zero one; in answers every default is filled in.
//
// It stands below package wire, whose events hold these.
package roomrules

// CoolDown is how long whoever lets holds lapse waits for the next one.
type CoolDown struct {
	FreeHolds     *int64 `json:"free_holds,omitempty"`     // lapsed ones that cost nothing
	BaseSeconds   *int64 `json:"base_seconds,omitempty"`   // the first wait; each one more is twice as long
	MaxSeconds    *int64 `json:"max_seconds,omitempty"`    // the longest
	ForgetSeconds *int64 `json:"forget_seconds,omitempty"` // after so long, one lapsed hold is forgotten
}

// ProofOfWork is the puzzle of a join: half as many hashes in the mean as the number says.
type ProofOfWork struct {
	MaxNumber       *int64 `json:"max_number,omitempty"`       // while all is calm
	MaxNumberRush   *int64 `json:"max_number_rush,omitempty"`  // at most
	JoinsPerSecond  *int64 `json:"joins_per_second,omitempty"` // on one node, from which on the number doubles
	LifetimeSeconds *int64 `json:"lifetime_seconds,omitempty"` // from the puzzle to the join
}

// Limits are what one buyer may ask of the event.
type Limits struct {
	Joins *Limit `json:"joins,omitempty"`
	Polls *Limit `json:"polls,omitempty"` // with a place
	Holds *Limit `json:"holds,omitempty"` // new ones
}

// Limit is one of them: calls a second for ever, and calls at once.
type Limit struct {
	PerSecond *float64 `json:"per_second,omitempty"` // 0: no limit
	Burst     *int64   `json:"burst,omitempty"`      // 0: one second's worth, and one at least
}
