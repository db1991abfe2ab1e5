package drawproof

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast/api/wire"
)

const hash = "00000000000000000000000000000000000000000000000000000000000000a1"

func full() *Document {
	n, number, rank := uint32(3), uint32(1), uint32(0)
	return &Document{
		Version: Version, Event: "0b9d7a34-4d2f-4a52-9f0e-3f0c1d2e3f40", Phase: PhaseDrawn,
		Rule: Rule{
			ClosesAt: 1_900_000_000_000,
			Beacon: &Beacon{Chain: Hash{1}, Genesis: 1_692_803_367_000, Period: 3000,
				Round: 69_065_555, Late: 30_000},
		},
		Close: &Close{At: 1_900_000_000_001, Entrants: &n, Root: Hash{2}, Round: 69_065_555},
		Draw:  &Draw{Signature: Bytes{1, 2}, Previous: Bytes{3}, Seed: Hash{3}},
		Place: &Place{Number: &number, Pseudonym: ID{4}, Party: 2, Salt: ID{5}, Path: []Hash{{6}, {7}}, Rank: &rank},
	}
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("urn:holdfast:draw:1", parsed); err != nil {
		t.Fatal(err)
	}
	return compiler.MustCompile("urn:holdfast:draw:1")
}

func text(t *testing.T, d *Document) string {
	t.Helper()
	body, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestSchemaOfAnotherDocument guards P8: schema and parser take the same documents, and refuse the same.
func TestSchemaOfAnotherDocument(t *testing.T) {
	rules := schema(t)
	whole := text(t, full())
	bend := func(old, new string) string {
		bent := strings.Replace(whole, old, new, 1)
		if bent == whole {
			t.Fatalf("%q is not in the document", old)
		}
		return bent
	}
	lobby, closed := full(), full()
	lobby.Phase, lobby.Close, lobby.Draw, lobby.Place = PhaseLobby, nil, nil, nil
	closed.Phase, closed.Draw, closed.Place.Rank = PhaseClosed, nil, nil
	operators := full()
	operators.Rule.Beacon, operators.Close.Round, operators.Draw.Previous, operators.Place = nil, 0, nil, nil
	for name, c := range map[string]struct{ body, field string }{
		"drawn":             {whole, ""},
		"lobby":             {text(t, lobby), ""},
		"closed":            {text(t, closed), ""},
		"operator's value":  {text(t, operators), ""},
		"unknown member":    {bend(`{"version"`, `{"extra":1,"version"`), "extra"},
		"unknown in place":  {bend(`"party"`, `"extra":1,"party"`), "place.extra"},
		"other version":     {bend(`"version":1`, `"version":2`), "version"},
		"no version":        {bend(`"version":1,`, ``), "version"},
		"unknown phase":     {bend(`"drawn"`, `"over"`), "phase"},
		"close in lobby":    {bend(`"drawn"`, `"lobby"`), "close"},
		"draw before":       {bend(`"drawn"`, `"closed"`), "draw"},
		"no N":              {bend(`"entrants":3,`, ``), "close.entrants"},
		"null N":            {bend(`"entrants":3`, `"entrants":null`), "close.entrants"},
		"negative N":        {bend(`"entrants":3`, `"entrants":-3`), "close.entrants"},
		"upper-case root":   {bend(`"root":"02`, `"root":"0A`), "close.root"},
		"short root":        {bend(`"root":"02`, `"root":"`), "close.root"},
		"no party":          {bend(`"party":2`, `"party":0`), "place.party"},
		"odd signature":     {bend(`"signature":"0102"`, `"signature":"010"`), "draw.signature"},
		"no signature":      {bend(`"signature":"0102",`, ``), "draw.signature"},
		"round of nothing":  {bend(`"round":69065555`, `"round":0`), "rule.beacon.round"},
		"path of a giant":   {bend(`"path":[`, `"path":[`+strings.Repeat(`"`+hash+`",`, 33)), "place.path"},
		"number as text":    {bend(`"number":1`, `"number":"1"`), "place.number"},
		"no end of a place": {bend(`"number":1,`, ``), "place.number"},
	} {
		parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(c.body))
		if err != nil {
			t.Fatal(name, err)
		}
		if bySchema := rules.Validate(parsed); (bySchema == nil) != (c.field == "") {
			t.Errorf("%s: the schema says %v", name, bySchema)
		}
		_, err = Parse([]byte(c.body))
		var field *wire.FieldError
		if c.field == "" && err != nil || c.field != "" && (!errors.As(err, &field) || field.Field != c.field) {
			t.Errorf("%s: the parser says %v, want field %q", name, err, c.field)
		}
	}
}

// TestDocumentComesBack guards P8: what is written is read again as it was.
func TestDocumentComesBack(t *testing.T) {
	whole := text(t, full())
	d, err := Parse([]byte(whole))
	if err != nil || text(t, d) != whole {
		t.Errorf("%v: %s\nis not\n%s", err, text(t, d), whole)
	}
	if _, err := Parse(append([]byte(whole), bytes.Repeat([]byte(" "), BytesMax)...)); err == nil {
		t.Error("a document without bound is read")
	}
}

func FuzzParse(f *testing.F) {
	body, err := json.Marshal(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := Parse(body)
		if err != nil {
			return
		}
		again, err := Parse([]byte(text(t, d)))
		if err != nil || text(t, again) != text(t, d) {
			t.Errorf("%v: %s", err, text(t, d))
		}
	})
}

// TestRoundBeyondEveryCalendar guards P8: no round overflows into a time before the close.
func TestRoundBeyondEveryCalendar(t *testing.T) {
	d := full()
	d.Rule.Beacon.Round, d.Rule.Beacon.Period = 4_294_967_295, 4_294_967_295
	var field *wire.FieldError
	if _, err := Parse([]byte(text(t, d))); !errors.As(err, &field) || field.Field != "rule.beacon.round" {
		t.Error(err)
	}
}
