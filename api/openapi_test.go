package api

import (
	"context"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"holdfast/api/call"
	"holdfast/api/problem"
)

func TestOpenAPIIsValidAndComplete(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openapiJSON)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	var served, described []string
	for _, r := range routes(new(Server)) {
		served = append(served, r.Method+" "+r.Path)
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(described)
	if !slices.Equal(served, described) {
		t.Fatalf("served:    %v\ndescribed: %v", served, described)
	}
}

// What a route demands is what the document says it demands.
func TestOpenAPISecurityMatchesTheRoutes(t *testing.T) {
	doc, err := specification()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes(new(Server)) {
		operation := doc.Paths.Find(r.Path).GetOperation(r.Method)
		want := map[call.Access]int{call.Public: 0, call.Buyers: 3, call.Operators: 1}[r.Access]
		if got := len(*operation.Security); got != want {
			t.Errorf("%s %s: %d ways in, want %d", r.Method, r.Path, got, want)
		}
		keyed := slices.ContainsFunc(operation.Parameters,
			func(p *openapi3.ParameterRef) bool { return p.Value.Name == "Idempotency-Key" })
		if keyed != r.Mutates {
			t.Errorf("%s %s: takes Idempotency-Key: %v, described: %v", r.Method, r.Path, r.Mutates, keyed)
		}
	}
}

// The list of codes is closed: the document names exactly those that the table can say.
func TestOpenAPIListsEveryCode(t *testing.T) {
	doc, err := specification()
	if err != nil {
		t.Fatal(err)
	}
	var described, said []string
	for _, code := range doc.Components.Schemas["Problem"].Value.Properties["code"].Value.Enum {
		described = append(described, code.(string))
	}
	for _, k := range problem.Kinds() {
		said = append(said, k.Code)
	}
	slices.Sort(said)
	slices.Sort(described)
	if said = slices.Compact(said); !slices.Equal(said, described) {
		t.Fatalf("said:      %v\ndescribed: %v", said, described)
	}
}
