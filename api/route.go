package api

// access says who may make a call.
type access uint8

const (
	accessPublic   access = iota // anybody
	accessBuyer                  // a buyer, or an operator acting as one
	accessOperator               // operators only
)

// route is what a call of the API demands.
type route struct {
	method  string
	path    string // "{…}" stands for one segment
	access  access
	mutates bool // takes an Idempotency-Key
	lenient bool // an empty key is none: holdfast cluster sent one before the call took any
	stream  bool // its answer goes on until the client leaves
	probe   bool // asked by those who watch the server: free of limits
	ofEvent bool // its parameter is an event
	plan    bool // its body may be a plan: planBodyBytesMax, and its ids may be long numbers
}

// name is the route as logs and metrics tell it.
func (r *route) name() string {
	if r == nil {
		return "unmatched"
	}
	return r.method + " " + r.path
}
