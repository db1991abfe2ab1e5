package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// described is what is compared of a schema.
type described struct {
	Type, Format string
	Ref          string `json:"$ref"`
	Enum         []string
	Items        *described
	Properties   map[string]*described
	Required     []string
}

// Compatible lists what consumers of an older document would miss in a newer one; none: they need not care.
func Compatible(older, newer []byte) (broken []string, err error) {
	var both [2]struct {
		Components struct {
			Messages map[string]json.RawMessage
			Schemas  map[string]*described
		}
	}
	for i, text := range [][]byte{older, newer} {
		if err := json.Unmarshal(text, &both[i]); err != nil {
			return nil, fmt.Errorf("schema: %w", err)
		}
	}
	before, after := &both[0].Components, &both[1].Components
	for _, name := range slices.Sorted(maps.Keys(before.Messages)) {
		if after.Messages[name] == nil {
			broken = append(broken, name+": the message is gone")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.Schemas)) {
		broken = compare(broken, name, before.Schemas[name], after.Schemas[name])
	}
	return broken, nil
}

func compare(broken []string, at string, before, after *described) []string {
	switch {
	case before == nil:
		return broken
	case after == nil:
		return append(broken, at+": it is gone")
	case before.Type != after.Type || before.Format != after.Format || before.Ref != after.Ref:
		return append(broken, fmt.Sprintf("%s: it was %s, and is %s", at, before.Type+before.Format+before.Ref,
			after.Type+after.Format+after.Ref))
	case len(after.Enum) > 0 && !reflect.DeepEqual(before.Enum, after.Enum) && len(before.Enum) == 0:
		broken = append(broken, at+": it was any text, and is one of a few")
	}
	for _, value := range before.Enum {
		if len(after.Enum) > 0 && !slices.Contains(after.Enum, value) {
			broken = append(broken, fmt.Sprintf("%s: the value %s is gone", at, value))
		}
	}
	for _, name := range before.Required {
		if !slices.Contains(after.Required, name) && after.Properties[name] != nil {
			broken = append(broken, at+"."+name+": it was always there, and may be absent")
		}
	}
	broken = compare(broken, at+"[]", before.Items, after.Items)
	for _, name := range slices.Sorted(maps.Keys(before.Properties)) {
		broken = compare(broken, at+"."+name, before.Properties[name], after.Properties[name])
	}
	return broken
}
