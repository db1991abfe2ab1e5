package wire

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// FieldForm is how the "field" of a problem document names a place in a body. Clients read both forms, so both stay.
// Headers, parameters and members that a body has at its top are named as they are.
type FieldForm uint8

const (
	// Dotted joins names and positions with dots ("best_available.quantity", "seats.3"). Bodies that are refused for
	// their JSON, their types or their values are told so.
	Dotted FieldForm = iota
	// Pointer is a JSON pointer (RFC 6901: "/plan/sections/0/name"). The places of card numbers are told so.
	Pointer
)

// Bounds of what an answer repeats of a caller's own names.
const (
	fieldBytesMax = 128 // of a dotted path
	nameBytesMax  = 64  // of a pointer, and of a single name
)

// Field names the place at which a body is wrong, in one of the two forms. The root is "" in both.
func Field(at jsontext.Pointer, form FieldForm) string {
	if form == Pointer {
		return Name([]byte(at))
	}
	var b strings.Builder
	for token := range at.Tokens() {
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(token)
	}
	return b.String()[:min(b.Len(), fieldBytesMax)]
}

// Name shortens a caller's own name of something, such as a parameter, before it is repeated to them.
func Name(name []byte) string {
	return strings.ToValidUTF8(string(name[:min(len(name), nameBytesMax)]), "?")
}
