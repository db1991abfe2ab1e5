package venue

import "embed"

// Schemas holds a JSON Schema (draft 2020-12) of each plan format that is ours: schema/plan-compact.json and
// schema/plan-rowlist.json. A plan that Parse accepts is valid under its format's; what a schema cannot say (unique
// ids, known categories, sums) Parse alone refuses.
//
//go:embed schema/*.json
var Schemas embed.FS
