package problem

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"

	"github.com/valyala/fasthttp"

	"holdfast/actors"
	"holdfast/api/document"
	"holdfast/api/wire"
)

// Problem is one "no" as told to a caller: a kind and what is special this time. Values of the request are never in it.
type Problem struct {
	*Kind
	Detail  string
	Field   string
	Seats   []string
	Defects []string
	Allow   string // 405 only
	Policy  []byte // 429 only: the limit, as RateLimit-Policy says it
	Wait    int    // seconds for Retry-After, where they vary; 0: the kind's
	apart   *actors.NotTogetherError
	entered *entered
}

func (p *Problem) Error() string {
	text := "api: " + p.Code
	for _, more := range append([]string{cmp.Or(p.Detail, p.title)}, p.Defects...) {
		text += ": " + more
	}
	return text
}

// BadField refuses a field that cannot be understood (400).
func BadField(field, reason string) *Problem {
	return &Problem{Kind: BadRequest, Field: field, Detail: field + " " + reason}
}

// InvalidField refuses a field that is understood and out of bounds (422).
func InvalidField(field, reason string) *Problem {
	return &Problem{Kind: invalid, Field: field, Detail: field + " " + reason}
}

// Append appends the whole JSON document.
func Append(dst []byte, p *Problem) []byte {
	dst = append(dst, p.head...)
	if p.Detail != "" {
		dst = wire.AppendString(append(dst, `,"detail":`...), p.Detail)
	}
	if p.Field != "" {
		dst = wire.AppendString(append(dst, `,"field":`...), p.Field)
	}
	if len(p.Seats) > 0 {
		dst = wire.AppendStrings(append(dst, `,"seats":`...), p.Seats)
	}
	if len(p.Defects) > 0 {
		dst = wire.AppendStrings(append(dst, `,"defects":`...), p.Defects)
	}
	if p.apart != nil {
		dst = strconv.AppendUint(append(dst, `,"free":`...), uint64(p.apart.Free), 10)
		dst = strconv.AppendUint(append(dst, `,"largest_booking":`...), uint64(p.apart.Largest), 10)
		dst = wire.AppendString(append(dst, `,"section":`...), p.apart.Section)
	}
	if p.entered != nil {
		dst = p.entered.append(dst)
	}
	return append(dst, '}')
}

var (
	headerRetryAfter = []byte("Retry-After")
	headerRateLimit  = []byte("RateLimit")
	headerRatePolicy = []byte("RateLimit-Policy")
)

// MediaType is the media type of problem documents (RFC 9457).
const MediaType = "application/problem+json"

// Write makes p the answer, using scratch for the body, and returns scratch grown.
func Write(response *fasthttp.Response, p *Problem, scratch []byte) []byte {
	response.ResetBody()
	response.SetStatusCode(p.Status)
	response.Header.SetContentType(MediaType)
	document.NoStore(&response.Header)
	if retry := cmp.Or(p.Wait, p.retry); retry > 0 {
		scratch = strconv.AppendInt(scratch[:0], int64(retry), 10)
		response.Header.SetCanonical(headerRetryAfter, scratch)
	}
	if p.Policy != nil {
		scratch = WriteLeft(response, p.Policy, p.Limit, 0, int64(p.Wait), scratch)
	}
	if p.Status == http.StatusUnauthorized {
		response.Header.Set("WWW-Authenticate", `Bearer realm="holdfast"`)
	}
	if p.Allow != "" {
		response.Header.Set("Allow", p.Allow)
	}
	scratch = Append(scratch[:0], p)
	response.AppendBody(scratch)
	return scratch
}

// WriteLeft says on an answer what a limit leaves to its caller (draft-ietf-httpapi-ratelimit-headers): whole calls
// at once, and the seconds until one more; 0: there are no more. It returns scratch grown.
func WriteLeft(response *fasthttp.Response, policy []byte, limit string, calls, seconds int64, scratch []byte) []byte {
	response.Header.SetCanonical(headerRatePolicy, policy)
	scratch = appendLeft(scratch[:0], limit, calls, seconds)
	response.Header.SetCanonical(headerRateLimit, scratch)
	return scratch
}

// appendLeft appends a RateLimit item.
func appendLeft(dst []byte, limit string, calls, seconds int64) []byte {
	dst = append(append(append(dst, '"'), limit...), `";r=`...)
	dst = strconv.AppendInt(dst, calls, 10)
	if seconds > 0 {
		dst = strconv.AppendInt(append(dst, ";t="...), seconds, 10)
	}
	return dst
}

// Response is a whole answer, made beforehand: refusing must cost nothing when there is nothing.
func Response(p *Problem) []byte {
	body := Append(nil, p)
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nCache-Control: no-store\r\n"+
		"Retry-After: %d\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
		p.Status, fasthttp.StatusMessage(p.Status), MediaType, p.retry, len(body), body)
}
