// Package clusterctl is what operators do with several nodes: look at them, drain them, and try a cluster out.
//
//	--url, --url ─▶ Nodes ─▶ one that answers: who is there? ─▶ each of the others: what do you see?
//	                                │
//	                              Status ─┬─▶ findings: what is wrong, and what contradicts
//	                                      ├─▶ Draw, WriteJSON
//	                                      └─▶ moves between two of them ─▶ Watch
//
// A node's word is believed of the node itself only: two nodes that both say to run a section are a finding, not an
// average. Answers are not of one instant, so Confirmed looks twice before a finding counts.
//
// RunLocal starts a PostgreSQL and nodes as processes of their own, which end with this one by whatever cause.
//
// Rejected: asking the database who runs what. Its rows say who may write, and not whom buyers reach.
package clusterctl
