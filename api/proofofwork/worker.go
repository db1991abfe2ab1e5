package proofofwork

import _ "embed"

// Worker is the page's worker, a module without imports: serve it as text/javascript from the page's own origin.
//
//go:embed worker.js
var Worker []byte
