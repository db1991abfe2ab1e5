package actors

import "fmt"

// Lifecycle is where a section stands on this node.
//
//	           activate          claimed            loaded
//	Stopped ───────────▶ Acquiring ─────▶ Loading ─────────▶ Serving
//	   ▲ ▲                   │               │                │   │ drain
//	   │ └───── failed ──────┴─── failed ────┘                │   ▼
//	   └───────────── fenced, store error, panic ─────────────┴─ Draining
//
// Invariants: only Serving has an incarnation that takes requests; a section that left Serving returns only through a new
// claim with a higher epoch and a fresh load; Condemned (damaged or lost records, or the second guard met) is left only by a restart
// of the process, for a person has to look first.
type Lifecycle int32

// Lifecycle states.
const (
	Stopped Lifecycle = iota
	Acquiring
	Loading
	Serving
	Draining
	Condemned
)

var lifecycleNames = [...]string{"stopped", "acquiring", "loading", "serving", "draining", "condemned"}

func (l Lifecycle) String() string { return lifecycleNames[l] }

// lifecycleMoves is the whole table: what is not here cannot happen.
var lifecycleMoves = map[Lifecycle][]Lifecycle{
	Stopped:   {Acquiring},
	Acquiring: {Loading, Stopped, Condemned},
	Loading:   {Serving, Stopped, Condemned},
	Serving:   {Draining, Stopped, Condemned},
	Draining:  {Stopped, Condemned},
	Condemned: {},
}

// transition is the only way from one state to another; it panics on a move that the table does not have.
func transition(from, to Lifecycle) Lifecycle {
	for _, ok := range lifecycleMoves[from] {
		if ok == to {
			return to
		}
	}
	panic(fmt.Sprintf("actors: no way from %v to %v", from, to))
}
