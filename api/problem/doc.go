// Package problem says no: one table of codes, and one way from any error to a problem document (RFC 9457).
//
//	error ── Classify ──► Problem = Kind (status, code, title, Retry-After) + what is special this time
//	                        │
//	                        └─ Write ──► application/problem+json, Retry-After, RateLimit, Allow
//
// kinds.go is the whole list of codes, and openapi.json names exactly those. A code is for ever. Each Kind has the
// first half of its document encoded, because a refusal is the most frequent answer of an on-sale (P7). Values of a
// request never stand in a Problem: they may be secrets (P12).
//
// The field of a document has two forms, which wire.Field makes: a dotted path for what is wrong with a body's JSON,
// types and values, a JSON pointer for card numbers.
//
// Rejected: handlers that write their own refusals. Status and code of one condition would then differ by call.
package problem
