package venue_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast/actors/venue"
)

// schemaOf compiles one of the schemas that are served.
func schemaOf(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	raw, err := venue.Schemas.ReadFile("schema/" + name)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func valid(t testing.TB, schema *jsonschema.Schema, plan []byte) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(venue.WithoutMark(plan)))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// ownFormat tells the two formats that are ours from each other and from foreign ones.
func ownFormat(plan []byte) string {
	var shape struct {
		Tribunes, Sectors, Zones, SubChartFloors []json.RawMessage
		SubChart                                 json.RawMessage
		Sections                                 []struct{ ID any }
	}
	if json.Unmarshal(venue.WithoutMark(plan), &shape) != nil || shape.Zones != nil || shape.SubChart != nil ||
		shape.SubChartFloors != nil {
		return ""
	}
	if len(shape.Sections) > 0 && shape.Sections[0].ID != nil {
		return "plan-compact.json"
	}
	return "plan-rowlist.json"
}

// Every plan of ours that is imported is valid under its schema, and so is every venue's own plan form.
func TestPlansThatAreImportedAreValid(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json*")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("testdata/cases/*.json")
	if err != nil {
		t.Fatal(err)
	}
	checked := map[string]int{}
	for _, file := range append(files, more...) {
		plan := realPlan(t, strings.TrimPrefix(file, "testdata"+string(os.PathSeparator)))
		v, err := venue.Parse(plan, venue.Options{})
		if err != nil {
			continue
		}
		if name := ownFormat(plan); name != "" {
			checked[name]++
			if err := valid(t, schemaOf(t, name), plan); err != nil {
				t.Errorf("%s is not valid under %s: %v", file, name, err)
			}
		}
		checked["written"]++
		if err := valid(t, schemaOf(t, "plan-compact.json"), v.PlanJSON()); err != nil {
			t.Errorf("the plan form of %s is not valid: %v", file, err)
		}
	}
	if checked["plan-compact.json"] < 4 || checked["plan-rowlist.json"] < 6 || checked["written"] < 20 {
		t.Errorf("hardly anything was checked: %v", checked)
	}
}

// What both can say, both say: each change makes a good plan one that neither takes.
func TestDefectsThatASchemaCanExpressAreRefusedByBoth(t *testing.T) {
	const compactPlan = `{"name":"Hall","categories":["Gold",{"label":"Silver","color":"#c0c0c0"}],"focal_point":{"x":50,"y":0},"sections":[
		{"id":"A","name":"Stalls","category":"Gold","rows":[{"label":"1","seats":4},{"label":"2","seats":"1-2,8"},
		{"label":"3","seats":["1","2","2a"],"breaks":["2a"],"accessible":["1"]}]},{"id":"S","general":5,"category":"Silver","box":[0,100,30,20]}]}`
	const rowList = `{"name":"Ground","tribunes":[{"name":"West","category":"Gold","sectors":[{"name":"1","rows":[{"name":"a","seats":"1-8,18-20"},
		{"name":"b","seats":[1,2,"2a"]},{"name":"c","seats":12}]}]}]}`
	long := `"` + strings.Repeat("é", 101) + `"`
	for _, format := range []struct {
		schema, plan string
		changes      [][2]string
	}{
		{"plan-compact.json", compactPlan, [][2]string{
			{`"sections":[`, `"sektions":[`}, {`"name":"Hall"`, `"name":true`}, {`"name":"Hall"`, `"title":"Hall"`},
			{`"Gold",{`, `"",{`},
			{`"label":"Silver"`, `"label":null`}, {`"color":"#c0c0c0"`, `"colour":"#c0c0c0"`},
			{`{"x":50,"y":0}`, `[50,0]`}, {`"x":50`, `"x":2e9`},
			{`"x":50`, `"x":"50"`}, {`"id":"A"`, `"id":""`}, {`"id":"A",`, ``}, {`"id":"A"`, `"id":` + long},
			{`"id":"A"`, `"id":"A\u0007"`},
			{`"id":"A"`, `"id":{}`}, {`"name":"Stalls"`, `"nmae":"Stalls"`},
			{`"category":"Gold","rows"`, `"category":["Gold"],"rows"`},
			{`"seats":4`, `"seats":0`}, {`"seats":4`, `"seats":-1`}, {`"seats":4`, `"seats":1.5`},
			{`"seats":4`, `"seats":200001`},
			{`"seats":4`, `"seats":null`}, {`"seats":4`, `"seats":true`}, {`"seats":4`, `"sets":4`}, {`,"seats":4`, ``},
			{`"1-2,8"`, `""`},
			{`["1","2","2a"]`, `[]`}, {`["1","2","2a"]`, `["1",true,"2a"]`}, {`"breaks":["2a"]`, `"breaks":"2a"`},
			{`"accessible":["1"]`, `"accessible":{}`},
			{`"accessible":["1"]`, `"accesible":["1"]`}, {`"general":5`, `"general":0`},
			{`"general":5`, `"general":200001`}, {`"general":5`, `"general":"5"`},
			{`"general":5`, `"rows":[]`}, {`"general":5`, `"general":5,"rows":[{"label":"1","seats":1}]`},
			{`[0,100,30,20]`, `[0,100,30]`},
			{`[0,100,30,20]`, `[0,100,-30,20]`}, {`"label":"1","seats":4`, `"label":"1","seats":4,"x":{},"y":1`},
			{`"id":"A"`, `"id":"A","box":[0,0,1,1]`},
		}},
		{"plan-rowlist.json", rowList, [][2]string{
			{`"name":"Ground"`, `"name":[]`}, {`"name":"West"`, `"name":` + long}, {`"name":"1"`, `"name":"\u0007"`},
			{`"name":"1",`, ``}, {`"name":"1"`, `"name":""`},
			{`"sectors":[`, `"sektors":[`}, {`"rows":[`, `"row":[`}, {`"seats":12`, `"seats":0`},
			{`"seats":12`, `"seats":1.5`}, {`"seats":12`, `"seats":{}`},
			{`"seats":12`, `"seats":""`}, {`"seats":12`, `"seats":null`}, {`,"seats":12`, ``}, {`[1,2,"2a"]`, `[]`},
			{`[1,2,"2a"]`, `[1,2,""]`},
			{`[1,2,"2a"]`, `[1,2,true]`}, {`"category":"Gold"`, `"category":{}`},
			{`"tribunes":[`, `"tribunes":"x","no":[`},
		}},
	} {
		schema := schemaOf(t, format.schema)
		if _, err := venue.Parse([]byte(format.plan), venue.Options{}); err != nil {
			t.Fatal(err)
		}
		if err := valid(t, schema, []byte(format.plan)); err != nil {
			t.Fatal(err)
		}
		for _, change := range format.changes {
			plan := strings.Replace(format.plan, change[0], change[1], 1)
			if plan == format.plan {
				t.Errorf("%s is not in the plan", change[0])
			}
			if _, err := venue.Parse([]byte(plan), venue.Options{}); err == nil {
				t.Errorf("%s: %s instead of %s is imported", format.schema, change[1], change[0])
			}
			if valid(t, schema, []byte(plan)) == nil {
				t.Errorf("%s: %s instead of %s is valid", format.schema, change[1], change[0])
			}
		}
	}
}
