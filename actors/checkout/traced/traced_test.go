package traced

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"holdfast/actors/trace"
)

// TestOnlyATraceIsSent: a call on nobody's behalf takes none along, and a caller's request stays as it was.
func TestOnlyATraceIsSent(t *testing.T) {
	var got, states []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, states = r.Header.Values("traceparent"), r.Header.Values("tracestate")
	}))
	defer server.Close()
	client := &http.Client{Transport: Transport{http.DefaultTransport.(*http.Transport).Clone()}}
	defer client.CloseIdleConnections()
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	for _, want := range []string{"", parent} {
		ctx := trace.Context(context.Background(), trace.Parse([]byte(want)).WithState([]byte("a=1,b=2")))
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close() // empty
		went := len(got) == 1 && got[0] == parent && len(states) == 1 && states[0] == "a=1,b=2"
		if went != (want != "") || len(request.Header) > 0 {
			t.Errorf("sent %q, want %q; the request has %v", got, want, request.Header)
		}
	}
}
