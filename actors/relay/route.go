package relay

import "holdfast/storage"

// Sight is what a node knows of one section when a request for it comes in.
type Sight struct {
	Me      storage.WriterID
	Serving bool             // here
	Mine    bool             // the log ends with a record of this node's that is no release: nobody else may claim it while this one lives
	Heard   storage.WriterID // the node that has said it serves the section, and has not said otherwise; zero: none
	HeardUp bool             // and messages reach it
	Placed  storage.WriterID // the node that should have it by the view; zero: no view
	Up      bool             // and messages reach that one
}

// Route says which node to ask; false: there is none, now. Whoever has the section comes before whoever should have it: sections do not
// move because a view changes, but because somebody lets go. A request that is sent to the wrong node is told Moved, and by it who has
// the section: so a steady cluster pays one hop, and a moving one two.
func Route(s Sight) (to storage.WriterID, ok bool) {
	none := storage.WriterID{}
	switch {
	case s.Serving:
		return s.Me, true
	case s.Heard != none && s.HeardUp:
		return s.Heard, true
	case s.Mine:
		return s.Me, true
	case s.Placed == s.Me && s.Placed != none:
		return s.Me, true // to be claimed, if the rule of takeover allows it
	case s.Placed != none && s.Up:
		return s.Placed, true
	}
	return none, false
}

// Duty is what a node should do about a section, asked or not.
type Duty uint8

// The duties.
const (
	Rest     Duty = iota
	Claim         // nobody serves it, and it is placed here, or nobody else may claim it
	HandOver      // it is served here, and placed on a node that is ready for it
)

// Charge is what a node knows of one section when it looks after its duties.
type Charge struct {
	Sight
	Stopped bool // here, and may be activated
	Held    bool // a node that is up has announced that it serves the section, and has not said otherwise
	Ready   bool // the node of Placed is up, and follows the section's log: it can go on where this one stops
}

// DutyOf is the rule by which sections find their places. Two nodes whose views differ cannot play a section back and forth: only whoever
// has it hands it over, only to a node that both reach, and a claim without a release is refused while the holder is alive.
func DutyOf(c Charge) Duty {
	switch {
	case c.Serving && c.Placed != c.Me && c.Placed != (storage.WriterID{}) && c.Ready:
		return HandOver
	case !c.Serving && c.Stopped && (c.Placed == c.Me || c.Mine) && !c.Held:
		return Claim
	}
	return Rest
}
