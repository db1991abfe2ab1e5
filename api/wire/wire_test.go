package wire

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/actors/budget"

	"holdfast/api/wire/pricing"
)

func TestParseBook(t *testing.T) {
	rows := []struct {
		body  string
		want  Book
		field string
		ok    bool
	}{
		{`{"seats":["A-1-1","A-1-2"]}`, Book{Seats: []string{"A-1-1", "A-1-2"}}, "", true},
		{`{"seats":["A-1",{"id":"A-2","type":"child"},{"id":"A-3"},"A-4"]}`,
			Book{Seats: []string{"A-1", "A-2", "A-3", "A-4"}, Types: []string{"", "child", "", ""}}, "", true},
		{`{"seats":[{"type":"child"}]}`, Book{}, "seats.0.id", false},
		{`{"seats":["A",{"id":"B","type":""}]}`, Book{}, "seats.1.type", false},
		{`{"seats":["A",{"id":"B","type":null}]}`, Book{}, "seats.1.type", false},
		{`{"seats":[{"id":"B","kind":"child"}]}`, Book{}, "seats.0.kind", false},
		{`{"seats":[{"id":"B","id":"C"}]}`, Book{}, "seats.0.id", false},
		{`{"best_available":{"quantity":3,"types":{"child":1,"adult":2}}}`, Book{BestAvailable: &BestAvailable{
			Quantity: 3, Types: []pricing.TypeCount{{Type: "adult", Seats: 2}, {Type: "child", Seats: 1}}}}, "", true},
		{`{"best_available":{"quantity":2,"types":{"child":1}}}`, Book{}, "best_available.quantity", false},
		{`{"best_available":{"quantity":1,"types":{}}}`, Book{}, "best_available.types", false},
		{`{"best_available":{"quantity":1,"types":{"child":0}}}`, Book{}, "best_available.types.child", false},
		{`{"best_available":{"quantity":2,"types":{"child":1,"child":1}}}`, Book{},
			"best_available.types.child", false},
		{`{"seats":["A"],"complimentary":true,"reason":"press"}`,
			Book{Seats: []string{"A"}, Complimentary: true, Reason: "press"}, "", true},
		{`{"seats":["A"],"complimentary":true}`, Book{}, "reason", false},
		{`{"seats":["A"],"reason":"press"}`, Book{}, "reason", false},
		{`{"seats":["A"],"complimentary":1,"reason":"press"}`, Book{}, "complimentary", false},
		{` {"seats" : [ "\u0041-1" ] } `, Book{Seats: []string{"A-1"}}, "", true},
		{`{"seats":[]}`, Book{Seats: []string{}}, "", true},
		{`{"best_available":{"quantity":2}}`, Book{BestAvailable: &BestAvailable{Quantity: 2}}, "", true},
		{`{"best_available":{"quantity":2,"section":"A","accessible":true}}`,
			Book{BestAvailable: &BestAvailable{Quantity: 2, Section: "A", Accessible: true}}, "", true},
		{`{"best_available":{"quantity":2.5}}`, Book{}, "best_available.quantity", false},
		{`{"best_available":{"quantity":4294967296}}`, Book{}, "best_available.quantity", false},
		{`{"best_available":{"quantity":1,"quantity":2}}`, Book{}, "best_available.quantity", false},
		{`{"best_available":{"quantity":1,"section":7}}`, Book{}, "best_available.section", false},
		{`{"best_available":{"quantity":1,"accessible":"yes"}}`, Book{}, "best_available.accessible", false},
		{`{"best_available":[]}`, Book{}, "best_available", false},
		{`{"seats":"A"}`, Book{}, "seats", false},
		{`{"seats":["A",null]}`, Book{}, "seats", false},
		{`{"seats":["A"],"x":1}`, Book{}, "x", false},
		{`{"seats":["A"]} 1`, Book{}, "", false},
		{`{"seats":["` + "\xff" + `"]}`, Book{}, "seats.0", false},
		{`["A"]`, Book{}, "", false},
		{``, Book{}, "", false},
	}
	var p BookParser // one for all rows: nothing of a row may leak into the next
	for _, row := range rows {
		err := p.Parse([]byte(row.body))
		var field *FieldError
		switch {
		case row.ok && (err != nil || !reflect.DeepEqual(p.Book, row.want)):
			t.Errorf("%s: %+v, %v", row.body, p.Book, err)
		case !row.ok && (!errors.As(err, &field) || field.Field != row.field):
			t.Errorf("%s: error %v, want field %q", row.body, err, row.field)
		}
	}
}

// Whatever the hand-driven parser takes, the strict decoder takes as the same; whatever it refuses as JSON is not JSON.
func FuzzBookAgreesWithDecode(f *testing.F) {
	for _, seed := range []string{`{"seats":["A-1-1"]}`,
		`{"best_available":{"quantity":2,"section":"A","category":"c","accessible":true}}`,
		`{"seats":["\u00e9\n"]}`, `{"seats":[]}`, `{"best_available":{"quantity":1e2}}`,
		`{"seats":["a"],"seats":["b"]}`, `{"seats":["\ud800"]}`} {
		f.Add([]byte(seed))
	}
	f.Add([]byte(strings.Repeat("[", 65_000)))
	f.Add([]byte(strings.Repeat(`{"a":`, 8_000)))
	f.Fuzz(func(t *testing.T, body []byte) {
		var p BookParser
		budget.Reading{PerByte: 200}.Check(t, len(body), func() { _ = p.Parse(body) })
		if err := p.Parse(body); err != nil {
			var field *FieldError
			if !errors.As(err, &field) {
				t.Fatalf("%v is no FieldError", err)
			}
			return
		}
		read, err := strictly(body)
		if err != nil {
			t.Fatalf("%q: taken, but the strict decoder says %v", body, err)
		}
		text, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		var again BookParser // what the strict decoder has read is the same body
		if err := again.Parse(text); err != nil && len(p.Book.Seats) > 0 || err == nil && !alike(&p.Book, &again.Book) {
			t.Fatalf("%q: %+v, and read strictly %s: %+v, %v", body, p.Book, text, again.Book, err)
		}
	})
}

// alike compares bodies, of which one may say of default types what the other leaves out.
func alike(a, b *Book) bool {
	typeOf := func(w *Book, i int) string {
		if i < len(w.Types) {
			return w.Types[i]
		}
		return ""
	}
	for i := range a.Seats {
		if typeOf(a, i) != typeOf(b, i) {
			return false
		}
	}
	return slices.Equal(a.Seats, b.Seats) && reflect.DeepEqual(a.BestAvailable, b.BestAvailable) &&
		a.Complimentary == b.Complimentary && a.Reason == b.Reason
}

func FuzzCreateEventNeverPanics(f *testing.F) {
	f.Add([]byte(`{"name":"x","starts_at":"2030-01-01T00:00:00Z","currency":"EUR","prices":{"a":1},` +
		`"plan":{"sections":[]}}`))
	f.Add([]byte(`{"waiting_room":null,"hold_ttl_seconds":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		budget.Reading{PerByte: 200}.Check(t, len(body), func() { _ = DecodePlan(body, new(CreateEvent)) })
		var e CreateEvent
		err := DecodePlan(body, &e)
		var field *FieldError
		if err != nil && !errors.As(err, &field) {
			t.Fatalf("%v is no FieldError", err)
		}
		if err == nil && !json.Valid(body) {
			t.Fatalf("%q taken, but it is not JSON", body)
		}
	})
}

func TestAppendBookingIsWhatMarshalSays(t *testing.T) {
	expires := OffsetTime{Time: 1_900_000_000_123, Minutes: -210}
	for _, b := range []Booking{
		{ID: "b1", Event: "e1", State: "held", Seats: []string{"A-1-1", `q"<é>`}, ExpiresAt: &expires,
			Total: Money{4500, "EUR"}},
		{ID: "b2", Event: "e1", State: "confirmed", Seats: []string{"A-1-1"}, Split: true, Total: Money{-1, "JPY"},
			Tickets: []Ticket{{"A-1-1", "c"}, {"x", "d"}}},
		{Seats: []string{}},
		{Seats: []string{}, Total: Money{9, "EUR"}, Price: &pricing.Price{Face: 9, Total: 9}},
		{Seats: []string{}, Price: &pricing.Price{Face: 8000, Total: 9950,
			Fees: []pricing.Fee{{Code: "service", Name: `"Fee" <é>`, Amount: 1000}, {Code: "print", Amount: 0}},
			Taxes: []pricing.Tax{{Code: "city", Amount: 950},
				{Code: "vat", Name: "VAT", Rate: "19.00", Included: true}}}},
	} {
		var fast, slow any
		marshalled, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		appended := AppendBooking(nil, &b)
		if err := errors.Join(json.Unmarshal(appended, &fast), json.Unmarshal(marshalled, &slow)); err != nil ||
			!reflect.DeepEqual(fast, slow) {
			t.Errorf("%v\n%s\n%s", err, appended, marshalled)
		}
	}
}

func TestTime(t *testing.T) {
	var got Time
	for text, want := range map[string]string{`"2030-06-01T19:30:00Z"`: "2030-06-01T19:30:00.000Z",
		`"2030-06-01T21:30:00.1239+02:00"`: "2030-06-01T19:30:00.123Z"} {
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{`"tomorrow"`, `7`, `"1969-12-31T23:59:59Z"`, `"2030-06-01"`, `""`} {
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s taken as %s", text, got)
		}
	}
	for ms := int64(-1e14); ms < 3e14; ms += 7_777_777_777 {
		if got, want := Time(ms).String(), time.UnixMilli(ms).UTC().Format(timeLayout); got != want {
			t.Fatalf("%d: %s, want %s", ms, got, want)
		}
	}
	if (Time(time.Date(2030, 6, 1, 19, 30, 0, 0, time.UTC).UnixMilli())).String() != "2030-06-01T19:30:00.000Z" {
		t.Error("whole seconds lose their milliseconds")
	}
}

func TestSeatChangeIsAPair(t *testing.T) {
	var d Delta
	text := `{"section":"A","seq":4,"changes":[[7,"h"],[8,"s"]]}`
	if err := json.Unmarshal([]byte(text), &d); err != nil || !slices.Equal(d.Changes,
		[]SeatChange{{7, 'h'}, {8, 's'}}) {
		t.Fatalf("%+v %v", d, err)
	}
	if back, err := json.Marshal(d); err != nil || string(back) != text {
		t.Fatalf("%s %v", back, err)
	}
	for _, bad := range []string{`[1]`, `[1,"hh"]`, `["h",1]`, `[-1,"h"]`, `{}`} {
		var c SeatChange
		if json.Unmarshal([]byte(bad), &c) == nil {
			t.Errorf("%s taken as %+v", bad, c)
		}
	}
}

func TestParserDoesNotAllocate(t *testing.T) {
	var p BookParser
	body := []byte(`{"seats":["A-1-1","A-1-2","A-1-3"]}`)
	if n := testing.AllocsPerRun(100, func() {
		if p.Parse(body) != nil {
			t.Error("refused")
		}
	}); n > 1 {
		t.Errorf("%v allocations for a body of three seats", n)
	}
}

func BenchmarkParseBook(b *testing.B) {
	var p BookParser
	body := []byte(`{"seats":["A-1-1","A-1-2"]}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendBooking(b *testing.B) {
	expires := OffsetTime{Time: 1_900_000_000_123, Minutes: -210}
	booking := Booking{ID: "b1", Event: "e1", State: "held", Seats: []string{"A-1-1", "A-1-2"}, ExpiresAt: &expires,
		Total: Money{4500, "EUR"}}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = AppendBooking(out[:0], &booking)
	}
}

// A whole number that is too large is not told that it should be whole.
func TestQuantityIsToldItsRange(t *testing.T) {
	for _, quantity := range []string{"4000000000", "-1", "2.5", `"2"`} {
		var p BookParser
		err := p.Parse([]byte(`{"best_available":{"quantity":` + quantity + `}}`))
		if err == nil || !strings.Contains(err.Error(), "whole number from 1 to 100") {
			t.Errorf("quantity %s: %v", quantity, err)
		}
	}
}
