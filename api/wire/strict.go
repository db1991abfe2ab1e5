package wire

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/actors/nesting"
)

// FieldError says which member of a body is wrong. Field is a dotted path ("best_available.quantity"); empty means the
// document as a whole. It never quotes a value: values may be secrets.
type FieldError struct {
	Field  string
	Reason string
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return "the body " + e.Reason
	}
	return e.Field + " " + e.Reason
}

// How deeply bodies may nest. No body here needs more than four levels, and no plan that venues are known to draw more
// than twelve; the rest is room for formats to come. Deeper bodies are refused before any parser sees them.
const (
	DepthMax     = 16
	PlanDepthMax = 64
)

// Decode reads one whole JSON document of at most DepthMax levels, strictly: absent, null and zero are three things, so
// null is refused wherever it stands but inside a Raw. Every error is a *FieldError.
func Decode(body []byte, into any) error { return decode(body, into, DepthMax) }

// DecodePlan is Decode for a body that holds a plan: PlanDepthMax levels.
func DecodePlan(body []byte, into any) error { return decode(body, into, PlanDepthMax) }

func decode(body []byte, into any, depthMax int) error {
	if err := checkDepth(body, depthMax); err != nil {
		return err
	}
	if !bytes.Contains(body, null) { // nearly always: looking at every value costs allocations
		return describe(json.Unmarshal(body, into, json.RejectUnknownMembers(true)))
	}
	return describe(json.Unmarshal(body, into, json.RejectUnknownMembers(true), json.WithUnmarshalers(noNulls)))
}

// checkDepth refuses what nests too deeply, saying where.
func checkDepth(body []byte, depthMax int) error {
	if at, deeper := nesting.Deeper(body, depthMax); deeper {
		return &FieldError{Reason: "nests deeper than " + strconv.Itoa(depthMax) +
			" levels, at byte " + strconv.Itoa(at)}
	}
	return nil
}

var null = []byte("null")

// errNull is what a null is told, wherever it stands.
var errNull = errors.New("must not be null (leave out what is optional)")

// noNulls looks at every value before it is read: encoding/json's rule makes a zero of a null, and a seat without a
// price free.
var noNulls = json.UnmarshalFromFunc(func(d *jsontext.Decoder, _ any) error {
	if d.PeekKind() == 'n' {
		return errNull
	}
	return json.SkipFunc
})

func describe(err error) error {
	if err == nil {
		return nil
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return &FieldError{Field: Field(semantic.JSONPointer, Dotted), Reason: semanticReason(semantic)}
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return &FieldError{Field: Field(syntactic.JSONPointer, Dotted), Reason: syntacticReason(syntactic)}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &FieldError{Reason: "is empty or ends too early"}
	}
	return &FieldError{Reason: "is not valid JSON"}
}

func semanticReason(e *json.SemanticError) string {
	switch {
	case errors.Is(e.Err, json.ErrUnknownName):
		return "is not a known field"
	case errors.Is(e.Err, errNull):
		return errNull.Error()
	}
	// Our own UnmarshalJSON methods give reasons that quote nothing; the library's may.
	if e.Err != nil && strings.HasPrefix(e.Err.Error(), "must be") {
		return e.Err.Error()
	}
	return "has the wrong type or is out of range"
}

func syntacticReason(e *jsontext.SyntacticError) string {
	switch {
	case errors.Is(e.Err, jsontext.ErrDuplicateName):
		return "is given twice"
	case errors.Is(e.Err, io.ErrUnexpectedEOF):
		return "ends too early"
	}
	return "is not valid JSON"
}
