package api

import (
	"bytes"
	"net/url"
	"sort"
	"strings"
)

// handler answers one call by writing the response, or returns why not. It never does both.
type handler func(r *request) error

// endpoint is a call of the API and who answers it.
type endpoint struct {
	route
	handle handler
	meter  *routeMeter
}

const metricsPath = "/metrics"

var eventsPrefix, bookingsPrefix = []byte("/v1/events/"), []byte("/v1/bookings/")

// routes is the whole API. openapi.json describes exactly these; a test compares them.
func routes(s *Server) []*endpoint {
	const event, booking = "/v1/events/{event}", "/v1/bookings/{booking}"
	// What a call demands, in few words.
	type demand = route
	buyer, operator := demand{access: accessBuyer, mutates: true}, demand{access: accessOperator, mutates: true}
	plan, lenient, watch := operator, operator, demand{access: accessOperator}
	plan.plan, lenient.lenient = true, true
	all := []*endpoint{}
	on := func(method, path string, what demand, answer handler) {
		what.method, what.path, what.ofEvent = method, path, strings.HasPrefix(path, event)
		all = append(all, &endpoint{route: what, handle: answer})
	}
	on("GET", "/v1/events", demand{}, s.catalog.listEvents)
	on("POST", "/v1/events", plan, s.catalog.createEvent)
	on("GET", event, demand{}, s.catalog.getEvent)
	on("DELETE", event, operator, s.catalog.deleteEvent)
	on("POST", event+"/sale", operator, s.catalog.setSale)
	on("GET", event+"/seatmap", demand{}, s.catalog.getSeatmap)
	on("GET", event+"/availability", demand{}, s.live.getAvailability)
	on("GET", event+"/availability/stream", demand{stream: true}, s.live.streamAvailability)
	on("POST", event+"/bookings", buyer, s.bookings.book)
	on("POST", event+"/seats/block", operator, s.operate.blockSeats)
	on("POST", event+"/seats/unblock", operator, s.operate.unblockSeats)
	on("GET", booking, demand{access: accessBuyer}, s.bookings.getBooking)
	on("DELETE", booking, buyer, s.bookings.releaseBooking)
	on("POST", booking+"/extend", buyer, s.bookings.extendBooking)
	on("POST", booking+"/confirm", buyer, s.bookings.confirmBooking)
	on("POST", booking+"/refund", operator, s.bookings.refundBooking)
	on("GET", "/v1/sign-in", demand{}, s.signInPage)
	on("GET", "/v1/cluster", watch, s.operate.getCluster)
	on("POST", "/v1/cluster/nodes/{node}/drain", lenient, s.operate.drainNode)
	on("POST", "/v1/cluster/rebalance", watch, s.operate.rebalance)
	on("GET", "/healthz", demand{probe: true}, s.healthz)
	on("GET", "/readyz", demand{probe: true}, s.readyz)
	on("GET", metricsPath, demand{probe: true}, s.metricsPage)
	on("GET", "/openapi.json", demand{}, s.openapiPage)
	on("GET", "/schemas/{name}", demand{}, s.schemaPage)
	on("GET", "/", demand{}, s.indexPage)
	on("GET", "/assets/{name}", demand{}, s.assetPage)
	return all
}

// node is one place in the tree of paths.
type node struct {
	literal map[string]*node
	param   *node
	methods map[string]*endpoint
	allow   string
}

func newTree(all []*endpoint) *node {
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

func (n *node) add(r *endpoint) {
	if n.methods == nil {
		n.methods = map[string]*endpoint{}
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
func publicRoutes(all []*endpoint, apart bool) (public []*endpoint) {
	for _, r := range all {
		if !apart || r.path != metricsPath {
			public = append(public, r)
		}
	}
	return public
}

// adminRoutes is what the operators' listener answers.
func adminRoutes(all []*endpoint) (admin []*endpoint) {
	for _, r := range all {
		if r.access == accessOperator || r.path == metricsPath || r.path == "/healthz" || r.path == "/readyz" {
			admin = append(admin, r)
		}
	}
	return admin
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
