// Package clienttest generates a client in Go and one in TypeScript from /openapi.json, as users of the API do, and
// sells a seat with each on a real server.
//
//	bin/holdfast serve ──/openapi.json──► oapi-codegen ──────► client.gen.go + testdata/hold.go.txt ─► go run
//	                                 └──► openapi-typescript ► api.d.ts + testdata/hold.ts ──────► tsc --strict, node
//
// A document that is valid can still be wrong to work with: members with a default become required, a free-form object
// becomes an object without members, an answer without an end hangs. Only a client that was made from the document
// shows that.
//
// It is a module of its own: the generators' dependencies are nobody else's business.
package clienttest
