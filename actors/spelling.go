package actors

import "holdfast/actors/venue"

// Names of a plan are kept as the plan spells them and asked for as a caller spells them: "é" is one code point (NFC)
// or two (NFD). Tables of names therefore know every name as it stands and composed, and a name that is not found is
// composed before it is unknown. Names that are composed already, as all ASCII is, cost one look-up and no allocation.

// enterName puts a name into a table. What stands in the plan letter by letter goes before what merely composes to the
// same.
func enterName[V any](table map[string]V, name string, value V) {
	table[name] = value
	if composed := venue.Composed(name); composed != name {
		if _, taken := table[composed]; !taken {
			table[composed] = value
		}
	}
}

// findName looks a name up in whatever spelling.
func findName[V any](table map[string]V, name string) (value V, ok bool) {
	if value, ok = table[name]; ok {
		return value, true
	}
	composed := venue.Composed(name)
	if composed == name {
		return value, false
	}
	value, ok = table[composed]
	return value, ok
}
