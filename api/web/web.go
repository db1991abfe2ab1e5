package web

import "embed"

// FS holds index.html (served at /) and every file it refers to (served at /assets/<name>). Names are flat.
//
//go:embed index.html *.js *.css *.svg
var FS embed.FS
