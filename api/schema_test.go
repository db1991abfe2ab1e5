package api

import (
	"encoding/json"
	"strings"
	"testing"
)

// The formats that we define are described where programs find them: served, linked from openapi.json, readable from
// any origin.
func TestPlanSchemasAreServed(t *testing.T) {
	h := open(t, nil)
	for _, name := range []string{"plan-compact.json", "plan-rowlist.json"} {
		a := h.do("GET", "/schemas/"+name, nobody, "").want(200, "")
		var schema struct {
			Dialect string `json:"$schema"`
			ID      string `json:"$id"`
		}
		if err := json.Unmarshal(a.body, &schema); err != nil ||
			schema.Dialect != "https://json-schema.org/draft/2020-12/schema" {
			t.Errorf("%s: %+v, %v", name, schema, err)
		}
		if a.header.Get("Content-Type") != "application/schema+json" ||
			a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %v", name, a.header)
		}
		if !strings.Contains(string(openapiJSON), "/schemas/"+name) {
			t.Errorf("openapi.json does not lead to %s", name)
		}
		h.do("GET", "/schemas/"+name, headers{"If-None-Match": a.header.Get("ETag")}, "").want(304, "")
	}
	h.do("GET", "/schemas/plan-pretix.json", nobody, "").want(404, "not_found")
}
