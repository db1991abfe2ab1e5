// Package web holds the page that fans see: plain files, no build step, nothing fetched from another host.
//
//	index.html ─ style.css ─ icon.svg
//	     │
//	   app.js ──── routes: list of events │ one event
//	     ├─ events.js    the list                     ┌─ model.js   40,000 seats in typed arrays, grid, letters, seqs
//	     └─ show.js ──── one event, ties together ────┼─ live.js    the stream: snapshot, delta, checkpoint → model
//	          │                                       ├─ mapview.js camera, frames, overlays ─ layer.js (cached seats)
//	          ├─ booking.js  choose → hold → pay      └─ input.js   pointer, wheel, keyboard → camera and cursor
//	          ├─ panel.js    what booking.js shows ── checkout.js  from the hold to the tickets
//	          └─ admission.js outside ──▶ queue.js ──▶ session.js: the time inside
//	   api.js (retries with one key, server clock) · identity.js (who asks)
//	   words.js (what codes mean to a person) · dom.js · grid.js (seats by square of the plan, under model.js)
//
// # The waiting room
//
//	outside ──▶ wished ──▶ waiting ──▶ called ──▶ going ──▶ inside (session.js, the map)
//	              │           └──────────┴─────────┴──▶ gone: left, lapsed, finished ──▶ join again
//	              └ the entry waits for the opening, or for its moment in the lobby
//
//	queue.js ──── the states, and what is asked of the server   queueview.js, queuedrawview.js  in elements
//	  ├─ queueline.js      the stream: one frame for everybody  queuewords.js  in words
//	  ├─ queueposition.js  frame and number → place, ETA        queuecall.js   title, sound, a telephone's trembling
//	  ├─ queueentry.js     when an entry is handed in           queuework.js   the proof of work, in a worker
//	  ├─ queuekept.js      what this device keeps, for tabs     wake.js        a page that slept
//	  └─ queuedraw.js      the draw, recomputed (hash.js)       queuetickets.js  what was bought stays in sight
//
// The page computes where a place stands from the public frame, and asks the gate only for what it alone knows: called,
// inside, gone. It asks no sooner than it was told; a stream that is refused or lost is made up for by polls. What
// ends is ended by the server: a clock of the device that says so, or that was set, only makes the page ask anew.
//
// A place is kept by the device and not by the tab, under the name of its person, so that a lost tab comes back to it
// and a second one shows the same. A join is the buyer's, however often it is sent: tabs, reloads and retries cannot
// have two. The turn is taken by a press: whoever is not there does not take a slot from those who are. Whoever pressed
// and finds no slot free is let in without pressing again.
//
// Every browser that waits keeps the root of the lobby's list as it heard it before the random value was there. "Check
// my place" holds the published draw against it and recomputes leaf, path, seed and place; what a browser cannot look
// at it says.
//
// Who waits loads no seat map: a crowd outside would take the network from those inside. For an event without a waiting
// room that costs one round trip, because the event says whether it has one.
//
// Rejected: taking the turn without a press, because tabs without people would fill the house's slots. One tab that
// asks for all, because browsers stop tabs as they like, and the rest would stand still. A place in the tab's own
// storage: a closed tab would lose it. crypto.subtle: it is there on secure pages only.
//
// # Tickets
//
//	panel.js ── tickets.js   a booking's codes as pictures, large when tapped; PDF and calendar from the server
//	scan.html ── scan.js     the door: camera, a scanner that types, a hand ──▶ POST /v1/tickets/scan
//
// Pictures are asked for once and kept by the page, so that a telephone without a network goes on showing them. The
// scanner fails closed: without an answer it says that a ticket was not checked, and asks again under the same key.
//
// # The checkout
//
//	(contact ─▶)                                  contact.js       how the fan is reached, before the first hold
//	held ⇄ pay ──▶ paying ──▶ confirmed           booking.js       the states, one wish at a time
//	  ▲     │ └▶ unsure ┘▲ │                      paymentwatch.js  asks after what is paying, by Retry-After
//	  │     │  challenge ┘ │                      checkout.js      in elements ── holdclock.js  time, a key for more
//	  └─────┴── declined ◀─┘                        ├─ means.js      the sandbox's tokens, or the processor's own field
//	    ended: released, lapsed, refunded           ├─ challenge.js  the bank's page in a frame, and a way out of it
//	                                                ├─ refunds.js    money on its way back
//	                                                ├─ giveback.js   a booking of an event that is put off
//	                                                └─ paystep.js    the step, kept by the tab's history
//
// What a fan types about a card is typed into the processor's frame; the page gets a token for it (P12). The policy
// lets in the origins of the configured processor and nothing else (GET /v1/payments names it).
//
// A payment is one wish with one key, kept in the tab with its token until an answer came: a double click, a reload and
// the back button ask for the same thing. Whether an answer got lost is a view of its own (unsure) and never a failure
// (P6); the page asks on, and says that nobody has to pay again. Neither the bank's page nor the page that it leads
// back to (returned.html) says how it ended: they make this page ask sooner. A frame of another origin keeps that
// origin and can never leave its place; a frame of this page's own origin gets none.
//
// Before a hold ends the page says so twice, in sight and politely to a reader, and the key E asks for more time. A
// single letter is taken only while no field or list has the focus, and can be turned off (WCAG 2.1.4). A hold that ran
// out stays a wish for one press.
//
// A booking of an event that is put off is given back by two presses: the first reads it again and asks, with the
// amount, and puts the focus on the answer that does nothing; the second has one key. The page computes what goes back
// only to show it: the server says what does.
//
// Rejected: a full page that redirects to the bank and back: it loses the place, the clock and the live map, and a
// return address that decides. Moving the focus to the warning: it takes from under the fingers what is being typed.
//
// Contact data is asked for before the first hold, while no clock runs, and never again; the page keeps none of it. A
// server that keeps none, or does not answer, stands in nobody's way to a seat.
//
// # The map
//
// The seats are drawn once into a layer bigger than the window; moving the map moves that picture, a live change
// repaints only its own seats in it, and a page where nothing happens draws no frame at all. Far away, runs of up to
// eight seats become one stroke coloured by how many are free.
//
// The page trusts the stream only as far as it can check it (P9): a section's seq must be the last one plus one, a
// checkpoint's hash must match the letters held here; otherwise the availability is read again. Every request of a
// buyer carries one Idempotency-Key through all its retries and through a reload (P5).
//
// The page asks how a server knows its buyers (GET /v1/sign-in) and never makes one up for a server of tokens:
// everybody may look, and public documents are read in nobody's name. A button that is out of use is aria-disabled: a
// disabled one would lose the focus. Nothing lies on the map: what covers a seat on a phone makes the seat unsaleable.
//
// index.html is served at / and every other file at /assets/<name>. The files hold no inline script or style, so
// that a strict Content-Security-Policy (default-src 'self') can stay strict.
package web
