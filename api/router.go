package api

import (
	"bytes"
	"sort"
	"strings"
)

// access says who may make a call.
type access uint8

const (
	accessPublic   access = iota // anybody
	accessBuyer                  // a buyer, or an operator acting as one
	accessOperator               // operators only
)

// handler answers one call by writing the response, or returns why not. It never does both.
type handler func(s *Server, r *request) error

// route is one call of the API.
type route struct {
	method  string
	path    string // "{…}" stands for one segment
	access  access
	mutates bool // takes an Idempotency-Key
	stream  bool // its answer goes on until the client leaves
	probe   bool // asked by those who watch the server: free of limits
	ofEvent bool // its parameter is an event; set by the server
	plan    bool // its body may be a plan: planBodyBytesMax, and its ids may be long numbers
	handle  handler
	meter   *routeMeter // set by the server
}

// routes is the whole API. openapi.json describes exactly these; a test compares them.
func routes() []*route {
	return []*route{
		{method: "GET", path: "/v1/events", handle: (*Server).listEvents},
		{method: "POST", path: "/v1/events", access: accessOperator, mutates: true, plan: true, handle: (*Server).createEvent},
		{method: "GET", path: "/v1/events/{event}", handle: (*Server).getEvent},
		{method: "POST", path: "/v1/events/{event}/sale", access: accessOperator, mutates: true, handle: (*Server).setSale},
		{method: "GET", path: "/v1/events/{event}/seatmap", handle: (*Server).getSeatmap},
		{method: "GET", path: "/v1/events/{event}/availability", handle: (*Server).getAvailability},
		{method: "GET", path: "/v1/events/{event}/availability/stream", stream: true, handle: (*Server).streamAvailability},
		{method: "POST", path: "/v1/events/{event}/bookings", access: accessBuyer, mutates: true, handle: (*Server).book},
		{method: "POST", path: "/v1/events/{event}/seats/block", access: accessOperator, mutates: true, handle: (*Server).blockSeats},
		{method: "POST", path: "/v1/events/{event}/seats/unblock", access: accessOperator, mutates: true, handle: (*Server).unblockSeats},
		{method: "GET", path: "/v1/bookings/{booking}", access: accessBuyer, handle: (*Server).getBooking},
		{method: "DELETE", path: "/v1/bookings/{booking}", access: accessBuyer, mutates: true, handle: (*Server).releaseBooking},
		{method: "POST", path: "/v1/bookings/{booking}/extend", access: accessBuyer, mutates: true, handle: (*Server).extendBooking},
		{method: "POST", path: "/v1/bookings/{booking}/confirm", access: accessBuyer, mutates: true, handle: (*Server).confirmBooking},
		{method: "POST", path: "/v1/bookings/{booking}/refund", access: accessOperator, mutates: true, handle: (*Server).refundBooking},
		{method: "GET", path: "/v1/cluster", access: accessOperator, handle: (*Server).getCluster},
		{method: "POST", path: "/v1/cluster/nodes/{node}/drain", access: accessOperator, handle: (*Server).drainNode},
		{method: "POST", path: "/v1/cluster/rebalance", access: accessOperator, handle: (*Server).rebalance},
		{method: "GET", path: "/healthz", probe: true, handle: (*Server).healthz},
		{method: "GET", path: "/readyz", probe: true, handle: (*Server).readyz},
		{method: "GET", path: "/metrics", probe: true, handle: (*Server).metricsPage},
		{method: "GET", path: "/openapi.json", handle: (*Server).openapiPage},
		{method: "GET", path: "/schemas/{name}", handle: (*Server).schemaPage},
		{method: "GET", path: "/", handle: (*Server).indexPage},
		{method: "GET", path: "/assets/{name}", handle: (*Server).assetPage},
	}
}

// node is one place in the tree of paths.
type node struct {
	literal map[string]*node
	param   *node
	methods map[string]*route
	allow   string
}

func newTree(all []*route) *node {
	root := &node{}
	for _, r := range all {
		at := root
		for segment := range strings.SplitSeq(strings.Trim(r.path, "/"), "/") {
			at = at.child(segment)
		}
		at.add(r)
	}
	return root
}

func (n *node) child(segment string) *node {
	if strings.HasPrefix(segment, "{") {
		if n.param == nil {
			n.param = &node{}
		}
		return n.param
	}
	if n.literal == nil {
		n.literal = map[string]*node{}
	}
	if n.literal[segment] == nil {
		n.literal[segment] = &node{}
	}
	return n.literal[segment]
}

func (n *node) add(r *route) {
	if n.methods == nil {
		n.methods = map[string]*route{}
	}
	n.methods[r.method] = r
	if r.method == "GET" {
		n.methods["HEAD"] = r
	}
	var names []string
	for name := range n.methods {
		names = append(names, name)
	}
	sort.Strings(names)
	n.allow = strings.Join(names, ", ")
}

// find walks to a path's node; param is the one variable segment (no path has two). One trailing slash is forgiven.
func (n *node) find(path []byte) (found *node, param []byte) {
	path = bytes.TrimPrefix(path, []byte("/"))
	if len(path) > 0 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	at := n
	for more := true; more; {
		var segment []byte
		segment, path, more = bytes.Cut(path, []byte("/"))
		next := at.literal[string(segment)]
		if next == nil && len(segment) > 0 {
			next, param = at.param, segment
		}
		if next == nil {
			return nil, nil
		}
		at = next
	}
	return at, param
}
