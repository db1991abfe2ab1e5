package wire

import "holdfast/api/wire/feeds"

// Cluster is what one node sees of all nodes and of who runs which section. Another node may see something else at the
// same moment.
type Cluster struct {
	Self  string        `json:"self"` // id of the node that answers
	View  string        `json:"view"` // the same on nodes that see the same members in the same states
	Nodes []ClusterNode `json:"nodes"`
	// Sections are left out on request.
	Sections []ClusterSection `json:"sections,omitempty"`
	Total    int              `json:"total"`   // sections of the events in use
	Serving  int              `json:"serving"` // of them, those whose owner is known for sure
	// Of them, those that this node knows no owner of; a few while sections move.
	InDoubt int `json:"in_doubt"`
	// Of those placed here, those that may not be claimed either, as far as the database says.
	Uncertain int `json:"uncertain"`
	Misplaced int `json:"misplaced"` // of them, those that are not where they are placed
	// Of them, those that the answering node closed for good: their log is damaged or has lost records.
	Condemned int `json:"condemned"`
	// Of them, those that sleep: their event is not on sale, and the next request wakes them.
	Asleep int `json:"asleep"`
	// Heartbeats counts the nodes that are alive by their rows in the answering node's database, itself included; 0
	// without a shared database. Where it is not the number of Nodes, gossip and database disagree on who is there.
	Heartbeats int `json:"heartbeats"`
	// Gone are nodes that have left the view within the last hours, and have not come back under the same name.
	Gone []ClusterGone `json:"gone,omitempty"`
	// Troubles are what is not as it should be, by the answering node's own word: codes are for ever, texts may
	// improve.
	Troubles []ClusterTrouble `json:"troubles"`

	Store string `json:"store_id,omitempty"` // of the database, in hex; absent: the store is one node's alone
	// Strangers are nodes of the gossip that are not on this node's database: they are in no other list, and given and
	// asked nothing.
	Strangers []ClusterStranger `json:"strangers,omitempty"`
	// Unmet are living nodes on this node's database that its gossip has not known for some time.
	Unmet []ClusterUnmet `json:"unmet,omitempty"`
	// Yields says why this node serves and claims nothing, because of strangers; absent: it may.
	Yields string `json:"yields,omitempty"`
	// Feeds are how far this node is with each that is told what happens; absent: nobody is.
	Feeds []feeds.Lag `json:"feeds,omitempty"`
}

// ClusterGone is a process that was a member.
type ClusterGone struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Since string `json:"since"` // RFC 3339
}

// ClusterTrouble is one thing that is not as it should be.
type ClusterTrouble struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// ClusterStranger is a node of the gossip that is on another database.
type ClusterStranger struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	State string `json:"state"`
	API   string `json:"api"`
	Peer  string `json:"peer"`
	Why   string `json:"why"`
}

// ClusterUnmet is a living node on the database that gossip does not know.
type ClusterUnmet struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Host:port where its cluster finds it; empty: it is part of none, or of a build that does not say.
	Gossip string `json:"gossip"`
}

// ClusterNode is one process that shares the sections.
type ClusterNode struct {
	ID        string  `json:"id"` // of this start of it, in hex
	Name      string  `json:"name"`
	State     string  `json:"state"` // joining, serving or draining
	API       string  `json:"api"`   // host:port
	Peer      string  `json:"peer"`  // host:port; empty when it is alone
	Build     string  `json:"build"`
	Up        bool    `json:"up"` // reached by the node that answers
	Self      bool    `json:"self"`
	Sections  int     `json:"sections"`      // that it runs, as the node that answers believes
	RoundTrip float64 `json:"round_trip_ms"` // to the node that answers
}

// ClusterSection is where one section is.
type ClusterSection struct {
	Event   string `json:"event"`
	Section string `json:"section"`
	// State on the node that answers: stopped, acquiring, loading, serving, draining, condemned; elsewhere when another
	// node says that it runs it; asleep when none does because nobody wants it; in_doubt when none does that can be
	// reached.
	State     string `json:"state"`
	Owner     string `json:"owner"`      // id; a guess unless Sure; empty: unknown
	OwnerName string `json:"owner_name"` // also of one that has gone, as long as the answering node remembers it
	Epoch     uint64 `json:"epoch"`      // of the owner
	Seq       uint64 `json:"seq"`        // newest record on the answering node's map
	Behind    uint64 `json:"behind"`     // records known to be in the log and not on that map
	Placed    string `json:"placed"`     // id of the node that should run it; empty: nobody can
	Sure      bool   `json:"sure"`       // the owner has said so itself, and is reached
}

// SectionInDoubt is the state of a section that nobody who can be reached says to run.
const SectionInDoubt = "in_doubt"

// SectionAsleep is the state of a section that nobody runs because nobody wants it: its event is not on sale. The next
// request wakes it.
const SectionAsleep = "asleep"

// SectionElsewhere is the state of a section that another node says to run.
const SectionElsewhere = "elsewhere"

// Drain is the body of POST /v1/cluster/nodes/{node}/drain.
type Drain struct {
	Undo  bool `json:"undo,omitempty"`
	Force bool `json:"force,omitempty"` // also if no other node could serve
}

// Rebalance is the answer of POST /v1/cluster/rebalance.
type Rebalance struct {
	Misplaced int      `json:"misplaced"`
	Unreached []string `json:"unreached"` // names of nodes that could not be told
}
