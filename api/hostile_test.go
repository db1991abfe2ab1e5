package api

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"holdfast/actors/budget"
	"holdfast/api/catalog"
	"holdfast/api/listen"
)

// many is a text that is made of numbered parts, up to a size.
func many(size int, part string) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, part, i)
	}
	return b.String()
}

// hostileJSON are bodies of a size that cost some parser or other more than they should: by depth, by names that are
// compared with all before, by numbers, escapes and lists without end.
func hostileJSON(size int) map[string]string {
	deep := func(opening string) string { return strings.Repeat(opening, size/len(opening)) }
	return map[string]string{
		"arrays":            deep("["),
		"objects":           deep(`{"a":`),
		"closed arrays":     strings.Repeat("[", size/2) + strings.Repeat("]", size/2),
		"mixed":             deep(`[{"":`),
		"under a name":      `{"seats":` + deep("["),
		"in a plan":         `{"plan":` + deep(`{"sections":[`),
		"many members":      "{" + many(size, `"k%d":1,`) + `"z":1}`,
		"one member often":  "{" + strings.Repeat(`"seats":[],`, size/11) + `"z":1}`,
		"long name":         `{"` + strings.Repeat("n", size) + `":1}`,
		"escaped name":      `{"` + strings.Repeat(`\u0041`, size/6) + `":1}`,
		"long number":       `{"best_available":{"quantity":` + strings.Repeat("9", size) + `}}`,
		"long fraction":     `{"best_available":{"quantity":1.` + strings.Repeat("0", size) + `}}`,
		"huge exponent":     `{"best_available":{"quantity":1e` + strings.Repeat("9", size) + `}}`,
		"many numbers":      `{"seats":[` + strings.Repeat("1,", size/2) + `1]}`,
		"escapes":           `{"seats":["` + strings.Repeat(`\n`, size/2) + `"]}`,
		"half surrogates":   `{"seats":["` + strings.Repeat(`\ud800`, size/6) + `"]}`,
		"broken characters": `{"seats":["` + strings.Repeat("\xff", size) + `"]}`,
		"many seats":        `{"seats":[` + strings.Repeat(`"a",`, size/4) + `"a"]}`,
		"many strings":      strings.Repeat(`"`, size),
		"digits":            `{"seats":["` + strings.Repeat("4 ", size/2) + `"]}`,
		"dashes":            `{"seats":["` + strings.Repeat("4111-", size/5) + `"]}`,
		"spaces":            strings.Repeat(" ", size),
	}
}

// TestHostileBodiesAreCheap: whatever a body is made of, it costs a call some multiple of its length.
func TestHostileBodiesAreCheap(t *testing.T) {
	server := New(quietEngine{}, Config{DevAuth: true, Logger: nil})
	const event = "/v1/events/00000000-0000-4000-8000-000000000000"
	for name, body := range hostileJSON(listen.BodyBytesMax - 100) {
		for _, path := range []string{event + "/bookings", event + "/sale", event + "/seats/block",
			"/v1/bookings/x/confirm", "/v1/events"} {
			ctx := &fasthttp.RequestCtx{}
			ctx.Request.Header.SetMethod("POST")
			ctx.Request.SetRequestURI(path)
			ctx.Request.Header.Set("Authorization", "Bearer dev")
			ctx.Request.SetBodyString(body)
			budget.Reading{Fixed: 1 << 20, PerByte: 300}.Check(t, len(body), func() {
				ctx.Response.Reset()
				server.Handler(ctx)
			})
			if status := ctx.Response.StatusCode(); status == 500 {
				t.Errorf("%s to %s: %.200s", name, path, ctx.Response.Body())
			}
		}
	}
}

// TestHostilePlansAreCheap: the same for a plan, where an operator, or whoever gave them the file, is the sender.
func TestHostilePlansAreCheap(t *testing.T) {
	const size = 256 << 10
	for name, plan := range map[string]string{
		"rows": `{"sections":[{"id":"A","rows":[` + strings.Repeat(`{},`, size/3) + `{}]}]}`,
		"wrong types": `{"sections":[{"id":"A","rows":[{"label":"1","seats":[` +
			strings.Repeat(`{},`, size/3) + `{}]}]}]}`,
		"one label": `{"sections":[{"id":"A","rows":[{"label":"1","seats":[` +
			strings.Repeat(`"1",`, size/4) + `"1"]}]}]}`,
		"long labels":   `{"sections":[{"id":"A","rows":[{"label":"` + strings.Repeat("x", size) + `","seats":1}]}]}`,
		"many sections": `{"sections":[` + many(size, `{"id":"%d","general":1},`) + `{"id":"z","general":1}]}`,
		"unknown names": `{"sections":[{` + many(size, `"%d":0,`) + `"id":"A"}]}`,
		"ranges": `{"sections":[{"id":"A","rows":[{"label":"1","seats":"` +
			strings.Repeat("1-200000,", size/9) + `1"}]}]}`,
		"deep": `{"sections":` + strings.Repeat("[", size),
	} {
		body := []byte(eventBody("")[:strings.Index(eventBody(""), `"plan":`)] + `"plan":` + plan + "}")
		var err error
		budget.Reading{Fixed: 256 << 20, PerByte: 1000}.Check(t, len(body),
			func() { _, _, err = catalog.ReadEvent(body) })
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestHostileTokensAreCheap: a bearer token fills a head at most, and costs no more whatever it says.
func TestHostileTokensAreCheap(t *testing.T) {
	server := New(quietEngine{}, Config{JWTSecret: []byte(strings.Repeat("s", 32))})
	encoded := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for name, text := range hostileJSON(3000) {
		for _, token := range []string{
			encoded(text) + "." + encoded(`{"sub":"a"}`) + ".x", encoded(`{"alg":"HS256"}`) +
				"." + encoded(text) + ".x",
			strings.Repeat(".", 6000), strings.Repeat("a.", 3000),
		} {
			ctx := &fasthttp.RequestCtx{}
			ctx.Request.SetRequestURI("/v1/bookings/x")
			ctx.Request.Header.Set("Authorization", "Bearer "+token)
			budget.Reading{Fixed: 1 << 20, PerByte: 300}.Check(t, len(token), func() {
				ctx.Response.Reset()
				server.Handler(ctx)
			})
			if status := ctx.Response.StatusCode(); status != 401 && status != 400 {
				t.Errorf("%s: %d", name, status)
			}
		}
	}
}
