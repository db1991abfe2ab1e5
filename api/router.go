package api

import (
	"bytes"
	"net/url"
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
	lenient bool // an empty key is none: holdfast cluster sent one before the call took any
	stream  bool // its answer goes on until the client leaves
	probe   bool // asked by those who watch the server: free of limits
	ofEvent bool // its parameter is an event; set by the server
	plan    bool // its body may be a plan: planBodyBytesMax, and its ids may be long numbers
	handle  handler
	meter   *routeMeter // set by the server
}

const metricsPath = "/metrics"

var eventsPrefix, bookingsPrefix = []byte("/v1/events/"), []byte("/v1/bookings/")

// routes is the whole API. openapi.json describes exactly these; a test compares them.
func routes() []*route {
	return []*route{
		{method: "GET", path: "/v1/events", handle: (*Server).listEvents},
		{method: "POST", path: "/v1/events", access: accessOperator, mutates: true, plan: true, handle: (*Server).createEvent},
		{method: "GET", path: "/v1/events/{event}", handle: (*Server).getEvent},
		{method: "DELETE", path: "/v1/events/{event}", access: accessOperator, mutates: true, handle: (*Server).deleteEvent},
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
		{method: "GET", path: "/v1/sign-in", handle: (*Server).signInPage},
		{method: "GET", path: "/v1/cluster", access: accessOperator, handle: (*Server).getCluster},
		{method: "POST", path: "/v1/cluster/nodes/{node}/drain", access: accessOperator, mutates: true, lenient: true, handle: (*Server).drainNode},
		{method: "POST", path: "/v1/cluster/rebalance", access: accessOperator, handle: (*Server).rebalance},
		{method: "GET", path: "/healthz", probe: true, handle: (*Server).healthz},
		{method: "GET", path: "/readyz", probe: true, handle: (*Server).readyz},
		{method: "GET", path: metricsPath, probe: true, handle: (*Server).metricsPage},
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

// publicRoutes is what the public listener answers: everything, but for /metrics when that is elsewhere.
func publicRoutes(all []*route, apart bool) (public []*route) {
	for _, r := range all {
		if !apart || r.path != metricsPath {
			public = append(public, r)
		}
	}
	return public
}

// adminRoutes is what the operators' listener answers.
func adminRoutes(all []*route) (admin []*route) {
	for _, r := range all {
		if r.access == accessOperator || r.path == metricsPath || r.path == "/healthz" || r.path == "/readyz" {
			admin = append(admin, r)
		}
	}
	return admin
}

// targetPath is the path of a request's target as it was sent. Nothing is normalised: a filter that stands before this
// server and knows a path by its prefix must not be passed by another spelling of it.
func targetPath(target []byte) []byte {
	if path, _, query := bytes.Cut(target, []byte("?")); query {
		target = path
	}
	if len(target) > 0 && target[0] == '/' {
		return target
	}
	_, rest, _ := bytes.Cut(target, []byte("://")) // the absolute form; its authority was held against Host
	if slash := bytes.IndexByte(rest, '/'); slash >= 0 {
		return rest[slash:]
	}
	return nil
}

// find walks to a path's node; param is the one variable segment (no path has two), decoded. What is fixed in a path is
// found in one spelling only: no second slash, no dots, no %-encoding. One trailing slash is forgiven in buyers' calls,
// since clients send it; what filters guard has none.
func (n *node) find(path []byte) (found *node, param []byte) {
	if trimmed, ok := bytes.CutSuffix(path, []byte("/")); ok && (bytes.HasPrefix(path, eventsPrefix) || bytes.HasPrefix(path, bookingsPrefix)) {
		path = trimmed
	}
	path, rooted := bytes.CutPrefix(path, []byte("/"))
	if !rooted {
		return nil, nil
	}
	at := n
	for more := true; more; {
		var segment []byte
		segment, path, more = bytes.Cut(path, []byte("/"))
		next := at.literal[string(segment)]
		if next == nil && at.param != nil {
			if param = plainSegment(segment); param != nil {
				next = at.param
			}
		}
		if next == nil {
			return nil, nil
		}
		at = next
	}
	return at, param
}

// plainSegment decodes a variable segment. Nil: it is none, but a way to say another path.
func plainSegment(segment []byte) []byte {
	if bytes.IndexByte(segment, '%') >= 0 {
		decoded, err := url.PathUnescape(string(segment))
		if err != nil {
			return nil
		}
		segment = []byte(decoded)
	}
	if len(segment) == 0 || string(segment) == "." || string(segment) == ".." {
		return nil
	}
	for _, c := range segment {
		if inNoSegment[c] {
			return nil
		}
	}
	return segment
}

// inNoSegment are the bytes that make a segment another path for somebody.
var inNoSegment = func() (never [256]bool) {
	for c := range never {
		never[c] = c < ' ' || c == 0x7f || c == '/' || c == '\\' || c == '#' || c == '?'
	}
	return never
}()
