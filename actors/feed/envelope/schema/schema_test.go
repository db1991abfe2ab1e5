package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast/actors/feed/envelope"
	"holdfast/actors/feed/envelope/schema"
)

var update = flag.Bool("update", false, "rewrite api/asyncapi.json, unless consumers would miss something")

const golden = "../../../../api/asyncapi.json"

// TestP15TheDocumentIsWhatItWasAndMore: what consumers were promised is still there, and the file is up to date.
func TestP15TheDocumentIsWhatItWasAndMore(t *testing.T) {
	stored, err := os.ReadFile(golden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	now := schema.Document()
	if len(stored) > 0 {
		broken, err := schema.Compatible(stored, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range broken {
			t.Errorf("P15: consumers would miss: %s", one)
		}
		if len(broken) > 0 {
			return
		}
	}
	if *update {
		if err := os.WriteFile(golden, now, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(stored, now) {
		t.Error("api/asyncapi.json is out of date: go test ./actors/feed/envelope/schema -update")
	}
}

// TestWhatBreaksConsumersIsFound: planted changes of the document.
func TestWhatBreaksConsumersIsFound(t *testing.T) {
	now := string(schema.Document())
	const rotation = "\"description\": \"How often its code was issued anew.\",\n            \"minimum\": 0,\n" +
		"            \"type\": "
	for name, c := range map[string]struct{ from, to, want string }{
		"nothing":           {"", "", ""},
		"a word of a text":  {"Which attempt to pay", "Which try to pay", ""},
		"a field removed":   {`"scanned_at": {`, `"seen_at": {`, "Ticket.scanned_at: it is gone"},
		"a type changed":    {rotation + "\"integer\"", rotation + "\"string\"", "Ticket.rotation: it was integer"},
		"a message renamed": {`"booking.extended"`, `"booking.prolonged"`, "booking.extended: the message is gone"},
		"a field optional": {"\"required\": [\n          \"rotation\"\n        ]", `"required": []`,
			"Ticket.rotation: it was always"},
		"a value removed": {`"anomaly"`, `"mistake"`, "the value anomaly is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.ReplaceAll(now, c.from, c.to)
			if c.from == "" {
				changed = now
			} else if changed == now {
				t.Fatal("nothing was changed")
			}
			broken, err := schema.Compatible([]byte(now), []byte(changed))
			if err != nil {
				t.Fatal(err)
			}
			found := slices.ContainsFunc(broken, func(one string) bool { return strings.Contains(one, c.want) })
			if c.want == "" && len(broken) > 0 || c.want != "" && !found {
				t.Errorf("found %q", broken)
			}
		})
	}
}

// document is the AsyncAPI document, as JSON Schema's library has it.
func document(t *testing.T) (compiler *jsonschema.Compiler, all map[string]any) {
	t.Helper()
	read, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.Document()))
	if err != nil {
		t.Fatal(err)
	}
	compiler = jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("asyncapi.json", read); err != nil {
		t.Fatal(err)
	}
	return compiler, read.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any)
}

// TestP15EveryTypeHasASchemaThatSaysAll: golden events are as their schemas say, and have nothing that they do not say.
func TestP15EveryTypeHasASchemaThatSaysAll(t *testing.T) {
	compiler, all := document(t)
	for _, name := range envelope.Types() {
		if all[name] == nil {
			t.Errorf("no schema of %s: add it to the table", name)
		}
	}
	files, err := filepath.Glob("../testdata/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d golden files: %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var e struct {
			Type string
			Data json.RawMessage
		}
		if err := json.Unmarshal(body, &e); err != nil {
			t.Fatal(err)
		}
		described, is := all[e.Type].(map[string]any)
		if !is {
			t.Errorf("%s: no schema of %s", file, e.Type)
			continue
		}
		for name, text := range map[string][]byte{e.Type: e.Data, "Envelope": body} {
			compiled, err := compiler.Compile("asyncapi.json#/components/schemas/" + name)
			if err != nil {
				t.Fatal(err)
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := compiled.Validate(value); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
		var members map[string]any
		if err := json.Unmarshal(e.Data, &members); err != nil {
			t.Fatal(err)
		}
		for name := range members {
			if described["properties"].(map[string]any)[name] == nil {
				t.Errorf("%s: the schema of %s does not know %s", file, e.Type, name)
			}
		}
	}
}
