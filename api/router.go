package api

import (
	"bytes"
	"net/url"
	"sort"
	"strings"

	"holdfast/api/call"
	"holdfast/api/meter"
)

// handler answers one call by writing the response, or returns why not. It never does both.
type handler func(r *call.Call) error

// endpoint is a call of the API and who answers it.
type endpoint struct {
	call.Route
	handle handler
	meter  *meter.Route
}

const metricsPath = "/metrics"

var eventsPrefix, bookingsPrefix = []byte("/v1/events/"), []byte("/v1/bookings/")

// routes is the whole API. openapi.json describes exactly these; a test compares them.
func routes(s *Server) []*endpoint {
	const event, booking = "/v1/events/{event}", "/v1/bookings/{booking}"
	// What a call demands, in few words.
	type demand = call.Route
	buyer, operator := demand{Access: call.Buyers, Mutates: true}, demand{Access: call.Operators, Mutates: true}
	plan := operator
	plan.Plan = true
	all := []*endpoint{}
	on := func(method, path string, what demand, answer handler) {
		what.Method, what.Path, what.OfEvent = method, path, strings.HasPrefix(path, event)
		all = append(all, &endpoint{Route: what, handle: answer})
	}
	on("GET", "/v1/events", demand{}, s.catalog.List)
	on("POST", "/v1/events", plan, s.catalog.Create)
	on("GET", event, demand{}, s.catalog.Get)
	saleRoutes(s, event, on)
	on("GET", event+"/seatmap", demand{Weight: 5}, s.catalog.Seatmap) // hundreds of kilobytes
	on("GET", event+"/availability", demand{}, s.live.Availability)
	on("GET", event+"/availability/stream", demand{Stream: true}, s.live.Stream)
	on("POST", event+"/bookings", buyer, s.bookings.Book)
	queueRoutes(s, event, on)
	on("POST", event+"/seats/block", operator, s.operate.Block)
	on("POST", event+"/seats/unblock", operator, s.operate.Unblock)
	listRoutes(s, event, on)
	on("GET", booking, demand{Access: call.Buyers}, s.bookings.Get)
	on("DELETE", booking, buyer, s.bookings.Release)
	on("POST", booking+"/extend", buyer, s.bookings.Extend)
	on("POST", booking+"/confirm", buyer, s.bookings.Confirm)
	on("POST", booking+"/refund", buyer, s.bookings.Refund)
	on("POST", booking+"/exchanges", buyer, s.bookings.Exchange)
	on("GET", "/v1/me/contact", demand{Access: call.Buyers}, s.contacts.Get)
	on("PUT", "/v1/me/contact", buyer, s.contacts.Put)
	on("DELETE", "/v1/me/contact", buyer, s.contacts.Delete)
	on("POST", "/v1/buyers/forget", operator, s.contacts.ForgetBuyer)
	moneyRoutes(s, event, booking, on)
	hookRoutes(s, event, on)
	ticketRoutes(s, event, booking, on)
	clusterRoutes(s, on)
	pageRoutes(s, on)
	return all
}

// listRoutes are those of people who look for bookings. A page reads as much as a seat map.
func listRoutes(s *Server, event string, on func(method, path string, what call.Route, answer handler)) {
	type demand = call.Route
	on("GET", event+"/bookings", demand{Access: call.Operators}, s.lists.OfEvent)
	on("GET", "/v1/bookings", demand{Access: call.Operators}, s.lists.OfBuyer)
	on("GET", "/v1/me/bookings", demand{Access: call.Buyers, Weight: 5}, s.lists.Mine)
}

// clusterRoutes are operators' calls about nodes, and the probes.
func clusterRoutes(s *Server, on func(method, path string, what call.Route, answer handler)) {
	type demand = call.Route
	watch := demand{Access: call.Operators}
	lenient := demand{Access: call.Operators, Mutates: true, Lenient: true}
	on("GET", "/v1/cluster", watch, s.operate.Cluster)
	on("POST", "/v1/cluster/nodes/{node}/drain", lenient, s.operate.Drain)
	on("POST", "/v1/cluster/rebalance", watch, s.operate.Rebalance)
	on("GET", "/v1/limits", watch, s.limits.Show)
	on("PATCH", "/v1/limits", watch, s.limits.Change)
	on("GET", "/v1/test/clock", watch, s.operate.Clock)
	on("POST", "/v1/test/clock/advance", demand{Access: call.Operators, Mutates: true}, s.operate.AdvanceClock)
	on("GET", "/healthz", demand{Probe: true}, s.healthz)
	on("GET", "/readyz", demand{Probe: true}, s.readyz)
	on("GET", metricsPath, demand{Probe: true}, s.metricsPage)
}

// pageRoutes are what a browser shows, and what it asks to show it.
func pageRoutes(s *Server, on func(method, path string, what call.Route, answer handler)) {
	type demand = call.Route
	on("GET", "/v1/sign-in", demand{}, s.signInPage)
	on("GET", "/v1/payments", demand{}, s.howToPayPage)
	on("GET", "/openapi.json", demand{}, s.openapiPage)
	on("GET", "/asyncapi.json", demand{}, s.asyncapiPage)
	on("GET", "/schemas/{name}", demand{}, s.schemaPage)
	on("GET", "/", demand{}, s.indexPage)
	on("GET", "/assets/{name}", demand{}, s.assetPage)
	on("GET", PaymentReturn, demand{}, s.returnPage)
	on("GET", "/scan", demand{}, s.scanPage)
}

// moneyRoutes are operators' calls about open money, and what a processor says.
func moneyRoutes(
	s *Server, event, booking string, on func(method, path string, what call.Route, answer handler),
) {
	watch := call.Route{Access: call.Operators}
	on("GET", event+"/payments", watch, s.payments.List)
	on("GET", booking+"/payments", watch, s.payments.Show)
	on("POST", booking+"/payments/retry", watch, s.payments.Retry)
	on("POST", "/v1/payments/webhook/{adapter}", call.Route{Raw: true, AnyAddress: true}, s.webhooks.Receive)
}

// hookRoutes are operators' about what is told outside.
func hookRoutes(s *Server, event string, on func(method, path string, what call.Route, answer handler)) {
	const hooks = "/v1/webhooks"
	const hook = hooks + "/{webhook}"
	watch, operator := call.Route{Access: call.Operators}, call.Route{Access: call.Operators, Mutates: true}
	on("GET", hooks, watch, s.hooks.List)
	on("POST", hooks, operator, s.hooks.Create)
	on("GET", hook, watch, s.hooks.Get)
	on("PATCH", hook, operator, s.hooks.Change)
	on("DELETE", hook, operator, s.hooks.Delete)
	on("POST", hook+"/rotate", operator, s.hooks.Rotate)
	on("POST", hook+"/ping", watch, s.hooks.Ping)
	on("GET", hook+"/deliveries", watch, s.hooks.Deliveries)
	on("POST", hooks+"/deliveries/{delivery}/resend", operator, s.hooks.Resend)
	on("GET", event+"/changes", watch, s.hooks.Changes)
	on("GET", "/v1/mails", watch, s.mails.Status)
	on("POST", "/v1/mails/{mail}/resend", operator, s.mails.Resend)
}

// ticketRoutes are what buyers show, what scanners tell, and what operators keep of tickets.
func ticketRoutes(
	s *Server, event, booking string, on func(method, path string, what call.Route, answer handler),
) {
	type demand = call.Route
	watch, operator := demand{Access: call.Operators}, demand{Access: call.Operators, Mutates: true}
	look, scan := watch, operator
	look.Scanners, scan.Scanners = true, true
	on("GET", booking+"/tickets", demand{Access: call.Buyers}, s.tickets.List)
	on("GET", booking+"/tickets/qr", demand{Access: call.Buyers}, s.tickets.QR)
	on("GET", booking+"/tickets/pdf", demand{Access: call.Buyers, Weight: 10}, s.tickets.PDF) // milliseconds of work
	on("GET", booking+"/tickets/calendar", demand{Access: call.Buyers}, s.tickets.Calendar)
	on("POST", booking+"/tickets/reissue", demand{Access: call.Buyers, Mutates: true}, s.tickets.Reissue)
	on("POST", booking+"/transfers", demand{Access: call.Buyers, Mutates: true}, s.tickets.Offer)
	on("GET", booking+"/transfers", demand{Access: call.Buyers}, s.tickets.Transfers)
	on("GET", "/v1/transfers/{transfer}", demand{}, s.tickets.SeeTransfer)
	on("DELETE", "/v1/transfers/{transfer}", demand{Access: call.Buyers, Mutates: true}, s.tickets.Withdraw)
	on("POST", "/v1/transfers/{transfer}/accept", demand{Access: call.Buyers, Mutates: true}, s.tickets.Accept)
	on("GET", event+"/tickets/manifest", look, s.tickets.Manifest)
	on("GET", event+"/tickets/conflicts", look, s.tickets.Conflicts)
	on("POST", "/v1/tickets/scan", scan, s.tickets.Scan)
	on("POST", "/v1/tickets/scan/batch", scan, s.tickets.ScanBatch)
	on("GET", "/v1/tickets/keys", look, s.tickets.Keys)
	on("POST", "/v1/tickets/keys/rotate", operator, s.tickets.Rotate)
}

// saleRoutes are operators' about an event that is there.
func saleRoutes(s *Server, event string, on func(method, path string, what call.Route, answer handler)) {
	operator := call.Route{Access: call.Operators, Mutates: true}
	on("DELETE", event, operator, s.catalog.Delete)
	on("POST", event+"/sale", operator, s.catalog.SetSale)
	on("PATCH", event, operator, s.catalog.Edit)
	on("GET", event+"/edits", call.Route{Access: call.Operators}, s.catalog.Edits)
	on("POST", event+"/cancel", operator, s.catalog.Cancel)
	on("GET", event+"/cancel", call.Route{Access: call.Operators}, s.catalog.CancelProgress)
	on("POST", event+"/postpone", operator, s.catalog.Postpone)
	on("POST", event+"/forget", operator, s.catalog.Forget)
}

// queueRoutes are those of an event's waiting room. When it opens, whole towns come from one address.
func queueRoutes(s *Server, event string, on func(method, path string, what call.Route, answer handler)) {
	type demand = call.Route
	buyer := demand{Access: call.Buyers, Mutates: true}
	join := buyer
	join.AnyAddress = true
	on("PATCH", event+"/waiting-room", demand{Access: call.Operators, Mutates: true}, s.queue.Operate)
	on("POST", event+"/queue", join, s.queue.Join)
	on("POST", event+"/queue/codes", demand{Access: call.Operators, Mutates: true}, s.queue.MintCodes)
	on("POST", event+"/queue/codes/revoke", demand{Access: call.Operators, Mutates: true}, s.queue.RevokeCodes)
	on("GET", event+"/queue/challenge", demand{Access: call.Buyers, AnyAddress: true}, s.queue.Challenge)
	on("GET", event+"/queue", demand{AnyAddress: true}, s.queue.Poll)
	on("DELETE", event+"/queue", buyer, s.queue.Leave)
	on("GET", event+"/queue/stream", demand{Stream: true}, s.queue.Stream)
	on("POST", event+"/queue/admission", buyer, s.queue.TakeTurn)
	on("GET", event+"/queue/draw", demand{}, s.queue.Draw)
}

// node is one place in the tree of paths. It has so few ways on that going through them beats a map.
type node struct {
	literal []literal
	param   *node
	methods []method
	allow   string
}

type literal struct {
	segment string
	next    *node
}

type method struct {
	name string
	to   *endpoint
}

func newTree(all []*endpoint) *node {
	root := &node{}
	for _, r := range all {
		at := root
		for segment := range strings.SplitSeq(strings.Trim(r.Path, "/"), "/") {
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
	if next := n.fixed([]byte(segment)); next != nil {
		return next
	}
	next := &node{}
	n.literal = append(n.literal, literal{segment, next})
	return next
}

// fixed is where a segment leads that is written so; nil: nowhere.
func (n *node) fixed(segment []byte) *node {
	for i := range n.literal {
		if l := &n.literal[i]; l.segment == string(segment) {
			return l.next
		}
	}
	return nil
}

// endpoint is who answers a method; nil: nobody.
func (n *node) endpoint(name []byte) *endpoint {
	for i := range n.methods {
		if m := &n.methods[i]; m.name == string(name) {
			return m.to
		}
	}
	return nil
}

func (n *node) add(r *endpoint) {
	n.methods = append(n.methods, method{r.Method, r})
	if r.Method == "GET" {
		n.methods = append(n.methods, method{"HEAD", r})
	}
	var names []string
	for i := range n.methods {
		names = append(names, n.methods[i].name)
	}
	sort.Strings(names)
	n.allow = strings.Join(names, ", ")
}

// publicRoutes is what the public listener answers: everything, but for /metrics when that is elsewhere.
func publicRoutes(all []*endpoint, apart bool) (public []*endpoint) {
	for _, r := range all {
		if !apart || r.Path != metricsPath {
			public = append(public, r)
		}
	}
	return public
}

// adminRoutes is what the operators' listener answers.
func adminRoutes(all []*endpoint) (admin []*endpoint) {
	for _, r := range all {
		if r.Access == call.Operators || r.Path == metricsPath || r.Path == "/healthz" || r.Path == "/readyz" {
			admin = append(admin, r)
		}
	}
	return admin
}

// targetPath is the path of a request's target as it was sent. Nothing is normalised: a filter that stands before this
// server and knows a path by its prefix must not be passed by another spelling of it.
func targetPath(target []byte) []byte {
	if end := bytes.IndexByte(target, '?'); end >= 0 {
		target = target[:end]
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

// route finds what a call names by its path and method. at is nil where no path leads, to where no method does.
func (n *node) route(r *call.Call) (at *node, to *endpoint) {
	at, r.Param = n.find(targetPath(r.Ctx.Request.Header.RequestURI()))
	if at != nil {
		to = at.endpoint(r.Ctx.Method())
	}
	if to != nil {
		r.Route = &to.Route
	}
	return at, to
}

// find walks to a path's node; param is the one variable segment (no path has two), decoded. What is fixed in a path is
// found in one spelling only: no second slash, no dots, no %-encoding. One trailing slash is forgiven in buyers' calls,
// since clients send it; what filters guard has none.
func (n *node) find(path []byte) (found *node, param []byte) {
	if len(path) == 0 || path[0] != '/' {
		return nil, nil
	}
	if path[len(path)-1] == '/' && (bytes.HasPrefix(path, eventsPrefix) || bytes.HasPrefix(path, bookingsPrefix)) {
		path = path[:len(path)-1]
	}
	path = path[1:]
	at := n
	for more := true; more; {
		segment := path
		end := bytes.IndexByte(path, '/')
		if more = end >= 0; more {
			segment, path = path[:end], path[end+1:]
		}
		next := at.fixed(segment)
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
