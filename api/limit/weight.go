package limit

import "holdfast/api/call"

// tenths is the weight of one whole call: weights are in tenths of it. No weight exceeds it, since a burst of one must
// let every call through.
const tenths = 10

// Weights of calls. A Route may name its own; these are by kind.
const (
	weightProbe    = 0 // health checks and metrics: operators watch the server under attack
	weightRead     = 1
	weightMutation = tenths // a record in a log, for each
)

// Weight is what a call counts, in tenths; of a path or method that is none, what a read does.
func Weight(r *call.Route) int64 {
	switch {
	case r == nil:
		return weightRead
	case r.Probe:
		return weightProbe
	case r.Weight > 0:
		return min(int64(r.Weight), tenths)
	case r.Mutates || r.Stream:
		return weightMutation
	}
	return weightRead
}
