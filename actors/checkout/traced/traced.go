// Package traced has HTTP calls to a payment processor say on whose behalf they are made: a traceparent and its
// tracestate, where the buyer's call had them. See package trace.
package traced

import (
	"net/http"

	"holdfast/actors/trace"
)

// Header is the name under which W3C trace contexts go.
const Header = "Traceparent"

// StateHeader is the name of what tracing systems say besides.
const StateHeader = "Tracestate"

// Transport makes calls by another transport.
type Transport struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if p := trace.From(r.Context()); p != nil {
		r = r.Clone(r.Context()) // a caller's request is not changed
		r.Header.Set(Header, p.String())
		if p.State != "" {
			r.Header.Set(StateHeader, p.State)
		}
	}
	return t.Transport.RoundTrip(r)
}
