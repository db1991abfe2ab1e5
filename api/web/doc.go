// Package web holds the page that fans see: plain files, no build step, nothing fetched from another host.
//
//	index.html ─ style.css ─ icon.svg
//	     │
//	   app.js ──── routes: list of events │ one event
//	     ├─ events.js    the list                     ┌─ model.js   40,000 seats in typed arrays, grid, letters, seqs
//	     └─ show.js ──── one event, ties together ────┼─ live.js    the stream: snapshot, delta, checkpoint → model
//	          │                                       ├─ mapview.js camera, frames, overlays ─ layer.js (cached seats)
//	          ├─ booking.js  choose → hold → pay      └─ input.js   pointer, wheel, keyboard → camera and cursor
//	          └─ panel.js    what booking.js shows
//	   api.js (retries with one key, server clock) · identity.js (who asks)
//	   words.js (what codes mean to a person) · dom.js · grid.js (seats by square of the plan, under model.js)
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
