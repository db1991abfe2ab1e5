// Package wire holds the JSON that travels between Holdfast and its callers: types, and nothing that decides.
//
//	bytes ── ParseBook / Decode ──► wire types ──► api ──► engine
//	bytes ◄─ Append* / encoding/json ─ wire types ◄─ api ◄─ engine
//
// Both sides import it: the server, the load generator and the tests. It knows no other package of Holdfast, so a
// client that imports it drags in nothing.
//
// Parsing is strict, because a misspelt field that is silently ignored is a wrong booking: unknown members, wrong
// types, duplicate members, invalid UTF-8 and anything after the document are refused, and the refusal (a *FieldError)
// names the member. The body of a booking is the one body that arrives a million times: its common forms are read
// straight from the bytes, its others by hand-driven fastjson; everything else goes through Decode. Fuzz tests hold all
// three to the same verdicts.
package wire
