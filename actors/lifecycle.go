package actors

import "holdfast/actors/writer"

// Lifecycle is where a section stands on this node.
type Lifecycle = writer.Phase

// Lifecycle states.
const (
	Stopped   = writer.Stopped
	Acquiring = writer.Acquiring
	Loading   = writer.Loading
	Serving   = writer.Serving
	Draining  = writer.Draining
	Condemned = writer.Condemned
)
