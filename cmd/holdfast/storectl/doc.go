// Package storectl is what operators do with what is kept: verify, print, copy, accept a loss, renew an identity,
// derive tables for people.
//
//	Source (a stopped server's folder, or a database) ─┬─▶ OpenAudit ─▶ Run ─▶ report
//	                                                   ├─▶ PrintLog ─▶ a line of JSON for each change
//	                                                   └─▶ FindLosses ─▶ AcceptLosses
//	OpenCopy ─▶ Run ─▶ Close       any store to any other, verified by hash
//	OpenIdentity ─▶ Renew          a restored copy becomes a store of its own
//	OpenViews ─▶ CatchUp, Follow   tables for people, which nothing grants from
//
// No call here migrates a schema, except a copy's target. What only reads can be run by a role that may only read.
//
// Rejected: reading through the engine. What verifies a store must not trust what wrote it.
package storectl
