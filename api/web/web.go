package web

import "embed"

// FS holds index.html (served at /), returned.html (where a payment processor sends a buyer back to), and every file
// that they refer to (served at /assets/<name>). Names are flat.
//
//go:embed *.html *.js *.css *.svg
var FS embed.FS
