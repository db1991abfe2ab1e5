// Package config is everything that can be set about a server, by whom, and what cannot work.
//
//	flag ─────────────┐
//	HOLDFAST_… ───────┼─▶ the first that says something, else the default ─▶ Config ─▶ Check ─▶ node.Open
//	settings file ────┘
//
// Every field says its unit, its default and its danger. A name that no flag has is an error wherever it stands, in the
// file (Read) or in the environment (UnknownVariables): a misspelt limit would otherwise be no limit at all.
//
// Check also resolves what one setting implies for another. ShareDescriptors divides the process's open files between
// the store, the cluster and connections, and refuses to start with less than was asked for.
//
// Rejected: one more source of settings (a database, a service), which a server would need before it has any.
package config
