// Package boundedjson reads the JSON that other processes say: servers to operators' commands, and nodes to each other.
//
//	text ──▶ nesting.Deeper? ── yes ──▶ error
//	                         └─ no ───▶ encoding/json
//
// encoding/json follows nesting down to 10,000 levels, on a stack that grows with them. Nothing that is said here has
// more than five.
package boundedjson
