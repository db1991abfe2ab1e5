// Package schema describes every event that sinks are told: one JSON Schema a type, and the AsyncAPI document that has
// all of them, which servers show as GET /asyncapi.json.
//
//	table of types ──▶ Document ──▶ api/asyncapi.json, a golden file
//	                                   │
//	         the file as it stands ────┴──▶ Compatible: what consumers rely on is still there
//
// A type that the table lacks fails a test, and so does an event that its schema does not describe. A field may be
// added and a type too; what was there once stays, with its type, and what was always there stays so. The test's
// -update refuses to write anything else.
//
// # Rejected
//
// Schemas made from the Go types: all types of events share one, in which nothing is required. A registry's client:
// brokers that want one can be given the document.
package schema
