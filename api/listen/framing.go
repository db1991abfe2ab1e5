package listen

import (
	"bytes"
	"strings"

	"github.com/valyala/fasthttp"

	"holdfast/api/problem"
)

// What frames a request must be beyond doubt: whatever stands before this server (a balancer, a cache, a filter) reads
// the same bytes, and two readings of where a request ends let one client write into the next one's (request
// smuggling). fasthttp is liberal there. So the head as it came is looked at once more: RFC 9112 sections 2.2, 5, 6.1
// and 6.3 to the letter where they leave a choice, and nothing twice that decides.

// headFault is one reason to refuse a request for its head alone. Its mark stands in for the method from then on, so
// that nothing but the refusal can be made of the request; no method of a client's can look like it.
type headFault struct {
	mark    []byte
	problem problem.Problem
}

var headFaults []*headFault

// A client's method ends before the first space.
const markSpace, markFirst = ' ', 'A'

func newHeadFault(p problem.Problem) *headFault {
	f := &headFault{mark: []byte{markSpace, markFirst + byte(len(headFaults))}, problem: p}
	headFaults = append(headFaults, f)
	return f
}

func malformed(field, reason string) *headFault {
	detail := reason
	if field != "" {
		detail = field + " " + reason
	}
	return newHeadFault(problem.Problem{Kind: problem.BadRequest, Field: field, Detail: detail})
}

var (
	faultVersion  = malformed("", "the HTTP version is neither 1.0 nor 1.1")
	faultLine     = malformed("", "a header line does not end in CR LF")
	faultFolded   = malformed("", "a header is folded over several lines")
	faultName     = malformed("", "a header's name holds a space or a tab")
	faultTarget   = malformed("Host", "differs from the authority in the request's target")
	faultBoth     = malformed("Content-Length", "and Transfer-Encoding exclude each other")
	faultCoding   = malformed("Transfer-Encoding", "must be chunked, and nothing else")
	faultTrailer  = malformed("", "has fields behind its body (a trailer): send them as headers")
	faultTooLarge = newHeadFault(problem.Problem{Kind: problem.TooLarge, Field: "body"})
	faultBodies   = newHeadFault(problem.Problem{Kind: problem.Overloaded, Detail: "too many large bodies at a time"})
)

// single are the headers that decide something and so may stand there once. Which of two counts is for nobody to guess.
var single = newSingles("Host", "Content-Length", "Transfer-Encoding", "Authorization", "X-Buyer",
	"Idempotency-Key", "Content-Type",
	"Content-Encoding", "Expect", "Queue-Place", "Queue-Admission")

type singleHeader struct {
	lower string
	bit   uint32
	twice *headFault
}

// newSingles sorts by length, since no two headers in a hundred have the length of one of these.
func newSingles(names ...string) (byLength [20][]singleHeader) {
	for i, name := range names {
		byLength[len(name)] = append(byLength[len(name)], singleHeader{strings.ToLower(name), 1 << i,
			malformed(name, "is there twice")})
	}
	return byLength
}

func singleBit(name string) uint32 {
	for _, h := range single[len(name)] {
		if h.lower == strings.ToLower(name) {
			return h.bit
		}
	}
	panic("api: " + name + " is not in the table")
}

var (
	bitLength = singleBit("Content-Length")
	bitCoding = singleBit("Transfer-Encoding")
)

// findHeadFault reads a head once, without allocating. Nil: it is beyond doubt.
func findHeadFault(header *fasthttp.RequestHeader) *headFault {
	if !header.IsHTTP11() && string(header.Protocol()) != "HTTP/1.0" {
		return faultVersion
	}
	if uri := header.RequestURI(); len(uri) > 0 && uri[0] != '/' && !sameAuthority(uri, header.Host()) {
		return faultTarget
	}
	var seen uint32
	for rest := header.RawHeaders(); len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 1 || rest[end-1] != '\r' {
			return faultLine
		}
		line := rest[:end-1]
		rest = rest[end+1:]
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			return faultFolded
		}
		if fault := lineFault(line, &seen); fault != nil {
			return fault
		}
	}
	if seen&(bitLength|bitCoding) == bitLength|bitCoding {
		return faultBoth
	}
	return nil
}

// lineFault looks at one header line. That its bytes are ones that may stand in a head, fasthttp has checked.
func lineFault(line []byte, seen *uint32) *headFault {
	colon := 0
	for colon < len(line) && line[colon] != ':' {
		if line[colon] <= ' ' {
			return faultName
		}
		colon++
	}
	if colon == 0 || colon == len(line) {
		return faultLine
	}
	if colon >= len(single) {
		return nil
	}
	for i := range single[colon] {
		h := &single[colon][i]
		if !named(line, h.lower) {
			continue
		}
		if *seen&h.bit != 0 {
			return h.twice
		}
		*seen |= h.bit
		if h.bit == bitCoding && !bytes.EqualFold(bytes.Trim(line[colon+1:], " \t"), valueChunked) {
			return faultCoding
		}
	}
	return nil
}

// named tells whether a line begins with a name, in any case. Setting one bit makes letters lower; of the bytes that
// may stand in a name it makes no other one into a letter or a hyphen.
func named(line []byte, lower string) bool {
	for i := range len(lower) {
		if line[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

var valueChunked = []byte("chunked")

// sameAuthority allows the absolute form of a target (RFC 9112 3.2.2) where it says the same as Host. "*" and a
// CONNECT's authority are for the router to refuse.
func sameAuthority(uri, host []byte) bool {
	_, rest, absolute := bytes.Cut(uri, []byte("://"))
	if !absolute {
		return true
	}
	if end := bytes.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	return bytes.EqualFold(rest, host)
}

// spoil leaves of a request only why it is refused: no body is read, no call is found.
func (f *headFault) spoil(header *fasthttp.RequestHeader) {
	header.Del(fasthttp.HeaderTransferEncoding)
	header.Del(fasthttp.HeaderExpect)
	header.SetContentLength(0)
	header.SetMethodBytes(f.mark)
}

// Fault is why a request must be refused for its head or its trailer; nil: it may be answered. It is called for
// every request.
func Fault(header *fasthttp.RequestHeader) *problem.Problem {
	if method := header.Method(); len(method) == 2 && method[0] == markSpace {
		return &headFaults[method[1]-markFirst].problem
	}
	if trailed(header) {
		return &faultTrailer.problem
	}
	return nil
}

// endOfHead stands behind the headers of a request whose body comes in chunks. No client's header can have its name.
const endOfHead = ":end"

// expectChunks prepares for what fasthttp makes of a chunked body. It adds the trailer to the headers, behind the back
// of findHeadFault and of every proxy that writes a header anew (Forwarded, X-Buyer, Idempotency-Key): so it is marked
// where the head ends. And it takes a bare LF for the end of the last chunk: so the request is the last one of its
// connection, and nothing behind it is read as another.
//
// Transfer-Encoding has done its work, and goes: of an empty body fasthttp would take it away by putting the last
// header in its place, which is the mark.
func expectChunks(header *fasthttp.RequestHeader) {
	header.SetConnectionClose()
	header.Del(fasthttp.HeaderTransferEncoding)
	header.Add(endOfHead, "")
}

// trailed says that a request in chunks had a trailer. It costs others next to nothing: their connections go on.
func trailed(header *fasthttp.RequestHeader) bool {
	if !header.ConnectionClose() || header.Peek(endOfHead) == nil {
		return false
	}
	ended := false
	for name := range header.All() {
		if ended && !bytes.EqualFold(name, nameConnection) {
			return true
		}
		ended = ended || string(name) == endOfHead
	}
	return false
}

var nameConnection = []byte(fasthttp.HeaderConnection) // is told last, and can be in no trailer
