package placement

import "holdfast/storage"

// Routing is what a node knows of one section when a request for it comes in.
type Routing struct {
	Me      storage.WriterID
	Serving bool // here
	// TailIsOurs: the log ends with a record of this node's that is no release. No other node may claim the section
	// while this one lives.
	TailIsOurs bool
	Reported   storage.WriterID // the node that serves the section, as far as is known; zero: none
	ReportedUp bool             // and messages reach it
	Placed     storage.WriterID // the node that should have it by the view; zero: no view
	PlacedUp   bool             // and messages reach that one
}

// Route says which node to ask; false: there is none, now. The node that has the section comes before the node that
// should have it: sections do not move because a view changes, but because their owner lets go. A request that is sent
// to the wrong node is told Moved, and by it who has the section: so a steady cluster pays one hop, and a moving one
// two.
func Route(r Routing) (to storage.WriterID, ok bool) {
	none := storage.WriterID{}
	switch {
	case r.Serving:
		return r.Me, true
	case r.Reported != none && r.ReportedUp:
		return r.Reported, true
	case r.TailIsOurs:
		return r.Me, true
	case r.Placed == r.Me && r.Placed != none:
		return r.Me, true // to be claimed, if the rule of takeover allows it
	case r.Placed != none && r.PlacedUp:
		return r.Placed, true
	}
	return none, false
}

// Action is what a node should do about a section, whether or not a request asks for it.
type Action uint8

// The actions.
const (
	Stay     Action = iota // nothing
	Claim                  // no node serves it, and it is placed here, or no other may claim it
	Transfer               // it is served here, and placed on a node that is ready for it
)

// Situation is what a node knows of one section when it looks after its placement.
type Situation struct {
	Routing
	Stopped        bool // here, and may be activated
	OwnerAnnounced bool // a node that is up has announced that it serves the section, and has not said otherwise
	Ready          bool // the node of Placed is up, and follows the section's log: it can go on where this one stops
}

// ActionFor is the rule by which sections find their places. Two nodes whose views differ cannot play a section back
// and forth: only its owner transfers it, only to a node that both reach, and a claim without a release is refused
// while the holder is alive.
func ActionFor(s Situation) Action {
	switch {
	case s.Serving && s.Placed != s.Me && s.Placed != (storage.WriterID{}) && s.Ready:
		return Transfer
	case !s.Serving && s.Stopped && (s.Placed == s.Me || s.TailIsOurs) && !s.OwnerAnnounced:
		return Claim
	}
	return Stay
}
