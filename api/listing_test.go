package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/wire"
	"holdfast/storage"
)

// The bounds of a list, as README tells them.
const (
	listBytesMax = 128 << 10
	listScanMax  = 20_000
)

// shelfEngine is an engine of nothing but a catalog.
type shelfEngine struct {
	Engine
	catalog *actors.Catalog
}

func (s *shelfEngine) Catalog() *actors.Catalog { return s.catalog }

func (s *shelfEngine) Event(storage.EventID) (*storage.Event, error) { return s.catalog.Events[0], nil }

// catalogOf has events of so many sections and categories each.
func catalogOf(events, sections, categories int) *actors.Catalog {
	c := &actors.Catalog{Version: 1}
	for i := range events {
		e := &storage.Event{ID: storage.EventID{byte(i >> 16), byte(i >> 8), byte(i)}, Name: fmt.Sprintf("Show %d", i),
			CreatedAt: section.Instant(1_000_000 - i),
			Currency:  "EUR", Sale: storage.SaleOpen, Prices: map[string]int64{}}
		for s := range sections {
			e.Sections = append(e.Sections, storage.SectionInfo{ID: fmt.Sprintf("S%d", s),
				Name: fmt.Sprintf("Section %d", s), Seats: 20})
		}
		for k := range categories {
			e.Prices[strings.Repeat("k", 90)+fmt.Sprint(k)] = 4500
		}
		c.Events = append(c.Events, e)
	}
	return c
}

func listPage(t testing.TB, server *Server, query string) (*fasthttp.RequestCtx, wire.Events) {
	t.Helper()
	ctx := &fasthttp.RequestCtx{}
	ctx.Request.SetRequestURI("/v1/events" + query)
	server.Handler(ctx)
	var page wire.Events
	if ctx.Response.StatusCode() != 200 || json.Unmarshal(ctx.Response.Body(), &page) != nil {
		t.Fatalf("%s: %d %.200s", query, ctx.Response.StatusCode(), ctx.Response.Body())
	}
	return ctx, page
}

// What anybody can ask for has a size that no house decides, and every event is found all the same, once.
func TestListsAreBoundedWhateverTheHouse(t *testing.T) {
	for _, c := range []struct {
		name                         string
		events, sections, categories int
	}{{"many sections", 120, 2000, 1}, {"many categories", 120, 1, 300},
		{"huge houses", 5, 10_000, 2000}, {"small", 250, 2, 2}} {
		t.Run(c.name, func(t *testing.T) {
			server := New(&shelfEngine{catalog: catalogOf(c.events, c.sections, c.categories)}, Config{DevAuth: true})
			seen, query := map[string]bool{}, "?limit=100"
			for {
				ctx, page := listPage(t, server, query)
				if n := len(ctx.Response.Body()); n > listBytesMax+100 && len(page.Events) > 1 {
					t.Fatalf("%d bytes of %d events", n, len(page.Events))
				}
				if strings.Contains(string(ctx.Response.Body()), `"sections"`) {
					t.Fatal("a list has sections in it")
				}
				for _, e := range page.Events {
					if seen[e.ID] {
						t.Fatalf("%s twice", e.ID)
					}
					if seen[e.ID] = true; e.SectionCount != c.sections || e.Seats != 20*c.sections ||
						len(e.Prices) != c.categories {
						t.Fatalf("%d sections, %d seats, %d prices", e.SectionCount, e.Seats, len(e.Prices))
					}
				}
				if page.NextCursor == nil {
					break
				}
				query = "?limit=100&cursor=" + *page.NextCursor
			}
			if len(seen) != c.events {
				t.Errorf("%d of %d events", len(seen), c.events)
			}
		})
	}
}

// A word is looked for in a bounded part of the catalog at a time; the cursor goes on from there.
func TestSearchIsBoundedWhateverTheCatalog(t *testing.T) {
	catalog := catalogOf(2*listScanMax+10, 1, 1)
	catalog.Events[0].Name, catalog.Events[2*listScanMax+5].Name = "first needle", "last NEEDLE"
	server := New(&shelfEngine{catalog: catalog}, Config{DevAuth: true})
	var found []string
	pages, query := 0, "?q=needle"
	for {
		_, page := listPage(t, server, query)
		pages++
		for _, e := range page.Events {
			found = append(found, e.Name)
		}
		if page.NextCursor == nil {
			break
		}
		query = "?q=needle&cursor=" + *page.NextCursor
	}
	if pages != 3 || len(found) != 2 {
		t.Errorf("%d pages, found %q", pages, found)
	}
}

// A cursor stays good whatever is made meanwhile, and an old list is told from a new one by its tag alone.
func TestListsSurviveInserts(t *testing.T) {
	h := open(t, nil)
	create := func(name string) string {
		var e wire.Event
		h.do("POST", "/v1/events", operator, strings.Replace(eventBody(""), "Night One", name,
			1)).want(201, "").into(&e)
		return "/v1/events/" + e.ID
	}
	for i := range 6 {
		create(fmt.Sprint("Show ", i))
	}
	seen, path := map[string]int{}, "/v1/events?limit=2"
	for n := 0; ; n++ {
		var page wire.Events
		h.do("GET", path, nobody, "").want(200, "").into(&page)
		for _, e := range page.Events {
			seen[e.Name]++
		}
		if page.NextCursor == nil {
			break
		}
		create(fmt.Sprint("Late ", n))
		path = "/v1/events?limit=2&cursor=" + *page.NextCursor
	}
	for i := range 6 {
		if seen[fmt.Sprint("Show ", i)] != 1 {
			t.Errorf("seen %v", seen)
		}
	}
	last := create("Last")
	for _, query := range []string{"", "?limit=3", "?q=show", path[len("/v1/events"):]} {
		a := h.do("GET", "/v1/events"+query, nobody, "").want(200, "")
		known := headers{"If-None-Match": a.header.Get("ETag")}
		if got := h.do("GET", "/v1/events"+query, known, ""); got.status != http.StatusNotModified ||
			len(got.body) > 0 {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
		h.do("POST", last+"/sale", operator, fmt.Sprintf(`{"state":%q}`,
			[]string{"open", "closed"}[len(query)%2])).want(200, "")
		if got := h.do("GET", "/v1/events"+query, known, ""); got.status != 200 ||
			got.header.Get("ETag") == a.header.Get("ETag") {
			t.Errorf("%s after a change: %d, %s", query, got.status, got.header.Get("ETag"))
		}
	}
	zipped := h.do("GET", "/v1/events", headers{"Accept-Encoding": "gzip"}, "")
	if zipped.header.Get("Content-Encoding") != "gzip" || !strings.HasSuffix(zipped.header.Get("ETag"), `-gzip"`) {
		t.Errorf("%v", zipped.header)
	}
}

// One event has all its sections, is encoded once, and is told anew as soon as anything of it changes.
func TestOneEventIsEncodedOnce(t *testing.T) {
	h := open(t, nil)
	path := h.show("")
	a := h.do("GET", path, nobody, "").want(200, "")
	var e wire.Event
	if a.into(&e); len(e.Sections) != 2 || e.Sale != "open" {
		t.Errorf("%s", a.body)
	}
	known := headers{"If-None-Match": a.header.Get("ETag")}
	if got := h.do("GET", path, known, ""); got.status != http.StatusNotModified {
		t.Errorf("%d", got.status)
	}
	h.do("POST", path+"/sale", operator, `{"state":"paused"}`).want(200, "")
	if h.do("GET", path, known, "").want(200, "").into(&e); e.Sale != "paused" {
		t.Errorf("%+v", e)
	}
}

// Browsing costs the same whatever the catalog's size: no sorting, no encoding, no copy of the list.
func TestBudgetOfBrowsing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector empties pools at random, so allocations mean nothing: run without -race")
	}
	for _, events := range []int{100, 10_000} {
		server := New(&shelfEngine{catalog: catalogOf(events, 20, 3)}, Config{DevAuth: true})
		_, page := listPage(t, server, "?limit=5")
		for query, limit := range map[string]float64{"": 2, "?limit=100": 2,
			"?limit=20&cursor=" + *page.NextCursor: 8} {
			ctx, _ := listPage(t, server, query)
			if n := testing.AllocsPerRun(100, func() {
				ctx.Response.Reset()
				server.Handler(ctx)
			}); n > limit {
				t.Errorf("%d events, %q: %v allocations, budget %v", events, query, n, limit)
			}
		}
	}
}
