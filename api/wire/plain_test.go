package wire

import (
	"reflect"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"holdfast/actors/budget"
)

// commonBodies are read without the general parser.
var commonBodies = []string{
	`{"seats":["A-1-1"]}`,
	`{"seats":["A-1-1","A-1-2","Stalls left, row 3 <a> & 'b'"]}`,
	" {\t\"seats\" :\r\n [ \"A-1-1\" , \"A-1-2\" ] } \n",
	`{"best_available":{"quantity":2}}`,
	`{"best_available":{"quantity":9999,"section":"A","category":"b"}}`,
	`{ "best_available" : { "quantity" : 12 , "category" : "b c" } } `,
}

// doubtfulBodies are left to the general parser, and what it says of them is what is said.
var doubtfulBodies = []string{
	``, `{}`, `null`, `[]`, `{"seats":null}`, `{"seats":[]}`, `{"seats":[""]}`, `{"seats":"A"}`, `{"seats":["A",]}`,
	`{"seats":[,"A"]}`, `{"seats":["A"],}`, `{"seats":["A"]`, `{"seats":["A"]}}`, `{"seats":["A"]} x`,
	`{"seats":["A"]}` + "\x00", `{"seats":["A"]}{"seats":["A"]}`, `{"seats":["A"],"seats":["B"]}`,
	`{"seats":["A"],"buyer":"bob"}`, `{"seats":["A"],"x":1}`, `{"seats":[["A"]]}`, `{"seats":["\u0041"]}`,
	`{"seats":["A\\"]}`, `{"seats":["é"]}`, "{\"seats\":[\"a\xff\"]}", "{\"seats\":[\"a\tb\"]}",
	"{\"seats\":[\"a\x7fb\"]}", `{"Seats":["A"]}`, `{"seats" "A"}`, "\uFEFF" + `{"seats":["A"]}`,
	"{\"seats\":[\"A\"]\v}", `{"seats":["A"],"best_available":{"quantity":1}}`,
	`{"best_available":{"quantity":0}}`, `{"best_available":{"quantity":01}}`, `{"best_available":{"quantity":-1}}`,
	`{"best_available":{"quantity":1.0}}`, `{"best_available":{"quantity":1e1}}`,
	`{"best_available":{"quantity":12345}}`, `{"best_available":{"quantity":99999999999}}`,
	`{"best_available":{"quantity":1,}}`, `{"best_available":{"quantity":1,"section":""}}`,
	`{"best_available":{"section":"A","quantity":1}}`, `{"best_available":{"quantity":1,"quantity":2}}`,
	`{"best_available":{"quantity":1,"section":"A","section":"A"}}`,
	`{"best_available":{"quantity":1,"category":"A","section":"A"}}`,
	`{"best_available":{"quantity":1,"accessible":true}}`, `{"best_available":{"quantity":"1"}}`,
	`{"best_available":{}}`, `{"best_available":{"quantity":1}`,
}

// Kind: a short way that says something else than the general one. The parsers are kept: nothing of one body may leak
// into the next.
func compareParsers(t *testing.T, quick, general *BookParser, body []byte) {
	t.Helper()
	got := quick.Parse(body)
	general.begin()
	want := general.general(body)
	if (got == nil) != (want == nil) || got != nil && *got.(*FieldError) != *want.(*FieldError) {
		t.Fatalf("%q: %v, in general %v", body, got, want)
	}
	if got == nil && !reflect.DeepEqual(quick.Book, general.Book) {
		t.Fatalf("%q: %+v, in general %+v", body, quick.Book, general.Book)
	}
}

func TestCommonBodiesTakeTheShortWay(t *testing.T) {
	var quick, general BookParser
	for _, body := range commonBodies {
		if quick.begin(); !quick.common([]byte(body)) {
			t.Errorf("%s goes the general way", body)
		}
		compareParsers(t, &quick, &general, []byte(body))
	}
	for _, body := range doubtfulBodies {
		if quick.begin(); quick.common([]byte(body)) {
			t.Errorf("%q goes the short way", body)
		}
		compareParsers(t, &quick, &general, []byte(body))
	}
}

// strangers are bytes of every kind that a parser tells apart.
const strangers = "\x00\t\n\v\r \"\\,:[]{}0129-+.eEaAftnus/\x7f\x80\xc3\xe2\xff"

// Bodies that are one byte away from a common one are judged alike.
func TestBodiesOneByteOffAreJudgedAlike(t *testing.T) {
	var quick, general BookParser
	for _, body := range commonBodies {
		for at := range len(body) {
			compareParsers(t, &quick, &general, []byte(body[:at]))
			compareParsers(t, &quick, &general, []byte(body[:at]+body[at+1:]))
			for _, c := range []byte(strangers) {
				compareParsers(t, &quick, &general, append([]byte(body[:at]), append([]byte{c}, body[at:]...)...))
				changed := []byte(body)
				changed[at] = c
				compareParsers(t, &quick, &general, changed)
			}
		}
	}
}

// What is parsed outlives the bytes that it was parsed from: a server uses those again.
func TestBooksOutliveTheirBodies(t *testing.T) {
	for _, text := range commonBodies {
		var p, kept BookParser
		body := []byte(text)
		if err := p.Parse(body); err != nil {
			t.Fatal(err)
		}
		clear(body)
		if err := kept.Parse([]byte(text)); err != nil || !reflect.DeepEqual(p.Book, kept.Book) {
			t.Errorf("%s: %+v, %v", text, p.Book, err)
		}
	}
}

func FuzzCommonBodiesAreJudgedAlike(f *testing.F) {
	for _, body := range append(commonBodies, doubtfulBodies...) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var quick, general BookParser
		budget.Reading{PerByte: 200}.Check(t, len(body), func() { quick.begin(); quick.common(body) })
		compareParsers(t, &quick, &general, body)
	})
}

func compareQuotes(t *testing.T, s string) {
	t.Helper()
	want, _ := jsontext.AppendQuote([]byte("x"), s) // its error tells of bytes that it has replaced
	if got := AppendString([]byte("x"), s); string(got) != string(want) {
		t.Fatalf("%q: %q, in general %q", s, got, want)
	}
}

func TestStringsAreQuotedAlike(t *testing.T) {
	compareQuotes(t, "")
	for a := range 256 {
		compareQuotes(t, string([]byte{byte(a)}))
		compareQuotes(t, "Stalls-3"+string([]byte{byte(a)}))
		for b := range 256 {
			compareQuotes(t, string([]byte{byte(a), byte(b)}))
		}
	}
}

func FuzzStringsAreQuotedAlike(f *testing.F) {
	for _, s := range []string{"A-1-1", `a"b\`, "é\u2028\x7f\x00", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		budget.Reading{PerByte: 200}.Check(t, len(s), func() { _ = AppendString(nil, s) })
		compareQuotes(t, s)
	})
}
