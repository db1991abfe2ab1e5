// Package webhook tells operators' endpoints what happens, by signed POSTs (Standard Webhooks). It is a sink of the
// feed for each endpoint.
//
//	feed ── Tell: in order, shard by shard ──▶ first attempt ──2xx──▶ delivered
//	                                              │ else                 ▲
//	                                              ▼                      │ 2xx
//	                       queue in the store: references, no bodies ──▶ retry ──3 days──▶ dead
//
// # The rule
//
// First attempts of one shard are made one after the other, in order. One that fails goes into the queue, and the next
// follows: a change that the endpoint cannot take holds up no other. Retries come whenever they are due: after 5 s, 30
// s, 2 min, 10 min, 30 min, 1 h, 2 h, 4 h, then every 6 h, each a half to one and a half of it, until three days after
// the first attempt. Then the delivery is dead: listed, and resent only by an operator.
//
// An endpoint that failed three times in a row is failing. It gets one attempt, of whatever comes first, after each
// pause of 1 s that doubles to 1 min, until one succeeds. So while it is away the log itself is the queue, the cursor
// stands nearly still, and in its order nothing is lost. Where the queue of one node has 10,000 references, the cursor
// stands altogether.
//
// An answer of 410 disables the endpoint, and so do five days of nothing but failures. A disabled endpoint keeps its
// cursors: enabled again it goes on from there. Days are judged at an attempt: an endpoint that there is nothing
// to tell is not given up.
//
// # Where requests may go
//
// https to public addresses. The address that is checked is the one the connection is made to, in the dialer's Control:
// a name that resolves to another address the second time gains nothing. No redirect is followed, no proxy of the
// environment is used, and of an answer 4 KiB are read and thrown away.
//
// # Secrets
//
// An endpoint's secret is a MAC of its id and generation under the store's own secret: all nodes have it and no item
// does. Rotated, the new and the one before it sign side by side until the overlap is over.
//
// # Rejected
//
// Batches of events in one request: receivers verify and acknowledge one message. Bodies in the queue: they would be a
// second copy of the log, and go out of date with the envelope. An allow-list of hosts: operators know them, and enter
// them here.
package webhook
