package call

// Access says who may make a call.
type Access uint8

const (
	Public    Access = iota // anybody
	Buyers                  // a buyer, or an operator acting as one
	Operators               // operators only
)

// Route is what a call of the API demands.
type Route struct {
	Method  string
	Path    string // "{…}" stands for one segment
	Access  Access
	Mutates bool // takes an Idempotency-Key
	Lenient bool // an empty key is none: holdfast cluster sent one before the call took any
	Stream  bool // its answer goes on until the client leaves
	Probe   bool // asked by those who watch the server: free of limits
	OfEvent bool // its parameter is an event
	// Scanners says that an operator's key of auth.Scanner is enough.
	Scanners bool
	// AnyAddress says that no limit by address counts it: whole towns share one when the doors open.
	AnyAddress bool
	// Raw says that its body is a stranger's, proved by a signature and kept nowhere: it is not searched for card
	// numbers.
	Raw bool
	// Weight is what it counts for limits, in tenths of a call, from 1 to 10; 0: by its kind (see limit.Weight).
	Weight uint8
	Plan   bool // its body may be a plan: planBodyBytesMax, and its ids may be long numbers
}

// Name is the route as logs and metrics tell it.
func (r *Route) Name() string {
	if r == nil {
		return "unmatched"
	}
	return r.Method + " " + r.Path
}
