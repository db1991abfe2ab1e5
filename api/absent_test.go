package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"holdfast/api/wire"
)

// member says what becomes of a body in which one member is left out, or is the zero of its type: "" is well, else the
// status and the field that is blamed, such as "422 hold_ttl_seconds". Null and a wrong type are 400 for every member.
type member struct{ absent, zero string }

// mutation is a call with a body that is well, and what is to be said of each member of that body.
type mutation struct {
	method, path string // EVENT stands for an event's path, BOOKING for a fresh hold's
	body         reflect.Type
	well         string
	members      map[string]member
	status       int
}

const (
	prices = "422 prices"
	state  = "400 state"
)

var mutations = []mutation{
	{"POST", "/v1/events", reflect.TypeFor[wire.CreateEvent](),
		eventBody(`,"hold_ttl_seconds":600,"hold_ceiling_seconds":1200,"max_seats_per_booking":8,` +
			`"max_seats_per_buyer":8,` +
			`"refuse_orphans":true,"forbid_transfers":true,"waiting_room":{},"time_zone":"UTC","front":"top",` +
			`"sale_ends_at":"2030-06-01T19:30:00Z"`), map[string]member{
			"name": {"400 name", "400 name"}, "starts_at": {"400 starts_at", "400 starts_at"},
			"currency": {"400 currency", "422 currency"}, "plan": {"400 plan", "400 plan"},
			"prices": {prices, prices}, "hold_ttl_seconds": {"", "422 hold_ttl_seconds"},
			"hold_ceiling_seconds":  {"", "422 hold_ceiling_seconds"},
			"max_seats_per_booking": {"", "422 max_seats_per_booking"}, "max_seats_per_buyer": {"",
				"422 max_seats_per_buyer"}, "refuse_orphans": {"", ""}, "forbid_transfers": {"", ""},
			"waiting_room": {"", ""}, "time_zone": {"", "422 time_zone"}, "front": {"", "400 front"},
			"sale_ends_at": {"", "400 sale_ends_at"},
		}, 201},
	{"POST", "EVENT/sale", reflect.TypeFor[wire.Sale](), `{"state":"open"}`,
		map[string]member{"state": {state, state}}, 200},
	{"POST", "EVENT/bookings", reflect.TypeFor[wire.Book](), `{"seats":["A-1-1"]}`,
		map[string]member{"seats": {"400 seats", "422 seats"}}, 201},
	{"POST", "EVENT/bookings", reflect.TypeFor[wire.Book](), `{"best_available":{"quantity":1}}`, map[string]member{
		"best_available": {"400 seats", "400 best_available.quantity"}}, 201},
	{"POST", "EVENT/bookings", reflect.TypeFor[wire.BestAvailable](),
		`{"best_available":{"quantity":1,"section":"A","category":"standard","accessible":false}}`, map[string]member{
			"quantity": {"400 best_available.quantity", "422 best_available.quantity"},
			"section":  {"", "400 best_available.section"},
			"category": {"", "400 best_available.category"}, "accessible": {"", ""}}, 201},
	{"POST", "EVENT/bookings", reflect.TypeFor[wire.Book](), `{"seats":["A-1-1"],"buyer":"carol","limits":"ignore"}`,
		map[string]member{
			"seats": {"400 seats", "422 seats"}, "buyer": {"", "400 buyer"}, "limits": {"", "400 limits"}}, 201},
	{"POST", "BOOKING/confirm", reflect.TypeFor[wire.Confirm](), `{"payment_token":"tok_ok"}`, map[string]member{
		"payment_token": {"400 payment_token", "400 payment_token"}}, 200},
	{"POST", "EVENT/seats/block", reflect.TypeFor[wire.Seats](), `{"seats":["A-1-1"]}`,
		map[string]member{"seats": {"422 seats", "422 seats"}}, 200},
	{"POST", "EVENT/seats/unblock", reflect.TypeFor[wire.Seats](), `{"seats":["A-1-1"]}`,
		map[string]member{"seats": {"422 seats", "422 seats"}}, 200},
	{"POST", "/v1/cluster/nodes/n1/drain", reflect.TypeFor[wire.Drain](), `{"undo":true}`,
		map[string]member{"undo": {"409 ", "409 "}, "force": {"409 ", "409 "}}, 409},
}

// Kind: absent, null and zero taken for one another. Every member of every body is left out, null, of a wrong type, and
// zero.
func TestAbsentNullAndZeroAreThreeThings(t *testing.T) {
	h := open(t, nil)
	for _, m := range mutations {
		who := alice
		if strings.HasPrefix(m.path, "/v1") || strings.Contains(m.path, "/sale") ||
			strings.Contains(m.path, "/seats/") || strings.Contains(m.well, "buyer") {
			who = operator
		}
		say := func(body map[string]any) *answer {
			t.Helper()
			text, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			event := h.show("") // each request has a house of its own
			path := strings.Replace(m.path, "EVENT", event, 1)
			if strings.HasSuffix(path, "/unblock") {
				h.do("POST", event+"/seats/block", operator, `{"seats":["A-1-1"]}`).want(200, "")
			}
			if strings.HasPrefix(path, "BOOKING") {
				held := h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":1}}`).want(201,
					"").booking()
				path = strings.Replace(path, "BOOKING", "/v1/bookings/"+held.ID, 1)
			}
			return h.do(m.method, path, who, string(text))
		}
		if got := say(m.parsed(t)); got.status != m.status {
			t.Fatalf("%s %s: what should be well is %d %s", m.method, m.path, got.status, got.body)
		}
		m.try(t, say)
	}
}

// parsed is the body that is well.
func (m *mutation) parsed(t *testing.T) (body map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(m.well), &body); err != nil {
		t.Fatal(err)
	}
	return body
}

// try has each member of the type spoilt in every way. A member without a row in the table fails: what its absence
// means is a decision.
func (m *mutation) try(t *testing.T, say func(map[string]any) *answer) {
	for field := range m.body.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		want, decided := m.members[name]
		if name == "-" { // of no body
			continue
		}
		if !decided && m.body != reflect.TypeFor[wire.Book]() {
			t.Errorf("%s: nobody has decided what the absence of %s means", m.path, name)
		}
		if !decided {
			continue
		}
		inside, path := "", name
		if m.body == reflect.TypeFor[wire.BestAvailable]() {
			inside, path = "best_available", "best_available."+name
		}
		wrong := "400 " + path
		if name == "plan" { // the plan's own parser lists what is wrong with it
			wrong = "422 plan"
		}
		for what, row := range map[string]struct {
			value any
			want  string
		}{
			"null": {nil, "400 " + path}, "of a wrong type": {wrongFor(field.Type), wrong},
			"zero": {zeroOf(field.Type), want.zero}, "absent": {leftOut, want.absent},
		} {
			body := m.parsed(t)
			at := body
			if inside != "" {
				at = body[inside].(map[string]any)
			}
			if at[name] = row.value; row.value == leftOut {
				delete(at, name)
			}
			m.judge(t, path+" "+what, row.want, say(body))
		}
	}
	m.tryInside(t, say)
}

// tryInside spoils what lies in lists and maps.
func (m *mutation) tryInside(t *testing.T, say func(map[string]any) *answer) {
	for name := range m.parsed(t) {
		for what, spoilt := range map[string]any{"null": nil, "a wrong type": true} {
			body := m.parsed(t)
			switch held := body[name].(type) {
			case []any:
				held[0] = spoilt
			case map[string]any:
				if name != "prices" {
					continue
				}
				held["standard"] = spoilt
			default:
				continue
			}
			got := say(body)
			if got.status != 400 || !strings.HasPrefix(got.problem.Field, name) {
				t.Errorf("%s: %s of %s inside: %d %s", m.path, name, what, got.status, got.body)
			}
		}
	}
}

func (m *mutation) judge(t *testing.T, what, want string, got *answer) {
	t.Helper()
	said := fmt.Sprintf("%d %s", got.status, got.problem.Field)
	if want == "" && got.status == m.status || said == want {
		return
	}
	t.Errorf("%s: %s: %s, want %q: %s", m.path, what, said, want, got.body)
}

// leftOut stands for no value at all.
var leftOut any = new(int)

func wrongFor(member reflect.Type) any {
	switch {
	case member == reflect.TypeFor[wire.Raw]():
		return 7
	case member.Kind() == reflect.Pointer && member.Elem().Kind() == reflect.Bool, member.Kind() == reflect.Bool:
		return "true"
	}
	return true
}

func zeroOf(member reflect.Type) any {
	if member == reflect.TypeFor[*wire.OffsetTime]() || member == reflect.TypeFor[wire.OptionalText]() {
		return ""
	}
	if member == reflect.TypeFor[wire.Raw]() {
		return map[string]any{}
	}
	if member.Kind() == reflect.Pointer {
		member = member.Elem()
	}
	switch member.Kind() {
	case reflect.Struct, reflect.Map:
		return map[string]any{}
	case reflect.Slice:
		return []any{}
	}
	return reflect.Zero(member).Interface()
}
