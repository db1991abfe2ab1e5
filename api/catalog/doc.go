// Package catalog answers who browses events and seat maps, and operators who make, open, close and delete events.
//
//	Catalog (immutable, one pointer) ──► shelf: each event encoded once in its life ──► pages, single events
//	Venue   (immutable)              ──► seat maps, encoded once, kept within a bound
//	plan + header ── ReadEvent ──► Event, Venue, or every defect by name
//
// What an anonymous look may cost is bounded: pages end by size, searches by the number of events looked at. Browsing
// takes no lock that booking takes.
//
// Rejected: a total in list answers. Counting what nobody looks at would cost as much as looking.
package catalog
