package api

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"testing"
	"time"

	"holdfast/api/wire/bookinglist"
)

// list reads all pages of a search.
func (h *house) list(who headers, path string, query url.Values) (all []bookinglist.Listed) {
	h.t.Helper()
	for range 100 {
		var page bookinglist.Page
		h.do("GET", path+"?"+query.Encode(), who, "").want(200, "").into(&page)
		if all = append(all, page.Bookings...); page.NextCursor == nil {
			return all
		}
		if page.Incomplete || page.AsOf.Time == 0 {
			h.t.Fatalf("incomplete %v, as of %v", page.Incomplete, page.AsOf)
		}
		query.Set("cursor", *page.NextCursor)
	}
	h.t.Fatal("the list has no end")
	return nil
}

func bookingIDs(list []bookinglist.Listed) (ids []string) {
	for i := range list {
		ids = append(ids, list[i].ID)
	}
	return ids
}

// Buyers see their own bookings over all events, newest first and page by page, and nobody else's; operators find them
// by event, buyer, pseudonym, seat, state and time, and are told pseudonyms instead of names (P14).
func TestBookingsAreListed(t *testing.T) {
	h := open(t, nil)
	first, second := h.show(""), h.show("")
	hold := func(who headers, event, seat string) string {
		t.Helper()
		h.ahead.Add(1000)
		return h.do("POST", event+"/bookings", who, fmt.Sprintf(`{"seats":[%q]}`, seat)).want(201, "").booking().ID
	}
	a := hold(alice, first, "A-1-1")
	b := hold(bob, first, "A-1-2")
	c := hold(alice, second, "A-1-3")
	d := hold(alice, first, "B-1-1")
	var before bookinglist.Page
	h.do("GET", first+"/bookings", operator, "").want(200, "").into(&before)
	h.ahead.Add(1000)
	since := time.UnixMilli(int64(before.AsOf.Time) + 500).UTC().Format("2006-01-02T15:04:05.000Z07:00")
	h.do("DELETE", "/v1/bookings/"+a, alice, "").want(200, "")
	h.do("POST", "/v1/bookings/"+d+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, "")

	const everywhere, mine = "/v1/bookings", "/v1/me/bookings"
	one := url.Values{"limit": {"1"}}
	if got := bookingIDs(h.list(alice, mine, one)); !slices.Equal(got, []string{d, c, a}) {
		t.Errorf("alice's: %v", got)
	}
	for _, q := range []struct {
		who   headers
		path  string
		query url.Values
		want  []string
	}{
		{bob, mine, url.Values{}, []string{b}},
		{headers{"X-Buyer": "nobody"}, mine, url.Values{}, nil},
		{alice, mine, url.Values{"state": {"held", "released"}}, []string{c, a}},
		{operator, first + "/bookings", url.Values{"limit": {"2"}}, []string{d, b, a}},
		{operator, first + "/bookings", url.Values{"buyer": {"alice"}}, []string{d, a}},
		{operator, first + "/bookings", url.Values{"buyer": {"alice"}, "state": {"confirmed"}}, []string{d}},
		{operator, first + "/bookings", url.Values{"seat": {"A-1-2"}}, []string{b}},
		{operator, first + "/bookings", url.Values{"payment": {"none"}}, nil},
		{operator, first + "/bookings", url.Values{"placed_from": {"2090-01-01T00:00:00Z"}}, nil},
		{operator, first + "/bookings", url.Values{"placed_until": {"2090-01-01T00:00:00Z"}}, []string{d, b, a}},
		{operator, first + "/bookings", url.Values{"changed_after": {since}}, []string{d, a}},
		{operator, first + "/bookings", url.Values{"changed_after": {since}, "limit": {"1"}}, []string{d, a}},
		{operator, first + "/bookings", url.Values{"changed_after": {since}, "state": {"released"}}, []string{a}},
		{operator, first + "/bookings", url.Values{"changed_after": {"2000-01-01T00:00:00Z"}}, []string{d, b, a}},
		{operator, first + "/bookings", url.Values{"changed_after": {"2090-01-01T00:00:00Z"}}, nil},
		{operator, everywhere, url.Values{"buyer": {"alice"}}, []string{d, c, a}},
	} {
		list := h.list(q.who, q.path, q.query)
		if got := bookingIDs(list); !slices.Equal(got, q.want) {
			t.Errorf("%s?%s: %v, want %v", q.path, q.query.Encode(), got, q.want)
		}
	}
	bought := h.list(operator, first+"/bookings", url.Values{"state": {"confirmed"}})[0]
	if len(bought.Tickets) != 1 || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(bought.Buyer) {
		t.Errorf("an operator sees %+v", bought)
	}
	again := h.list(operator, first+"/bookings", url.Values{"pseudonym": {bought.Buyer}})
	if got := bookingIDs(again); !slices.Equal(got, []string{d, a}) {
		t.Errorf("by pseudonym: %v", got)
	}
	if own := h.list(alice, mine, url.Values{}); own[0].Buyer != "" || own[0].PlacedAt.Time == 0 {
		t.Errorf("alice sees %+v", own[0])
	}
}

// A filter that is wrong is named, and who may not ask is told so.
func TestListingOfBookingsNamesWhatIsWrong(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	other := h.do("POST", h.show("")+"/bookings", alice, `{"seats":["A-1-1"]}`).want(201, "").booking()
	var page bookinglist.Page
	h.do("GET", "/v1/me/bookings?limit=1", alice, "").want(200, "").into(&page)
	of, mine, all := event+"/bookings", "/v1/me/bookings", "/v1/bookings"
	for _, c := range []struct {
		path, query, field string
		who                headers
	}{
		{of, "limit=0", "limit", operator}, {of, "limit=101", "limit", operator}, {of, "limit=x", "limit", operator},
		{of, "state=gone", "state", operator}, {of, "buyer=", "buyer", operator}, {of, "seat=", "seat", operator},
		{of, "seat=Z-9-9", "seat", operator}, {of, "payment=", "payment", operator},
		{of, "pseudonym=12", "pseudonym", operator}, {of, "placed_from=today", "placed_from", operator},
		{of, "placed_from=2031-01-01T00:00:00Z&placed_until=2030-01-01T00:00:00Z", "placed_until", operator},
		{of, "changed_after=", "changed_after", operator},
		{of, "cursor=nonsense", "cursor", operator}, {of, "seat=A-1-1&seat=A-1-2", "seat", operator},
		{of, "colour=red", "colour", operator}, {all, "", "buyer", operator}, {all, "buyer=a&seat=A", "seat", operator},
		{mine, "buyer=bob", "buyer", alice}, {mine, "limit=", "limit", alice},
		{of, "buyer=a&pseudonym=00000000000000000000000000000000", "pseudonym", operator},
		{of, "cursor=1." + other.ID, "cursor", operator},
	} {
		a := h.do("GET", c.path+"?"+c.query, c.who, "").want(400, "bad_request")
		if a.problem.Field != c.field {
			t.Errorf("%s?%s: field %q, want %q", c.path, c.query, a.problem.Field, c.field)
		}
	}
	h.do("GET", of, alice, "").want(403, "forbidden")
	h.do("GET", all+"?buyer=alice", alice, "").want(403, "forbidden")
	h.do("GET", mine, nobody, "").want(401, "unauthorized")
	h.do("GET", mine, operator, "").want(403, "forbidden")
	h.do("GET", "/v1/events/00000000-0000-4000-8000-000000000000/bookings", operator, "").want(404, "event_unknown")
}
