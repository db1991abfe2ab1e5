// Package client speaks to a running server as its operator: holdfast import, sale and cluster are its callers.
//
//	call ──▶ Authorization: Bearer KEY ──▶ server ──▶ 2xx: the answer, decoded
//	                                              └─▶ problem+json: a *Problem, in words
//
// An answer is at most 32 MiB and a call at most a minute. A refusal without a key says which flag is needed.
//
// Rejected: the client that /openapi.json generates. Half a dozen calls need none, and the command should show the
// server's own words when they are not what was expected.
package client
