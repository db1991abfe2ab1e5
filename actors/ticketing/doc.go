// Package ticketing shows people their tickets, and lets them in.
//
//	buyer ── Tickets ──► booking's home: what is sold, owed back, admitted ──► codes, signed with the newest key
//
//	scanner ── Scan ──► package ticket: genuine? ──► booking's home: AdmitTicket ──► admitted, durable; or why not
//	        ── ScanLate ──► each as Scan, of what the scanner did alone ──► admitted, or doubled: who else let it in
//	        ── Manifest ──► all valid tickets of an event, page by page, for scanners that will not be able to ask
//	        ── Conflicts ──► the tickets that more than one scanner let in
//
//	holder ── Offer ──► booking's home: OfferTransfer ──► a link, to be sent to somebody; Withdraw takes it back
//	other buyer ── Accept, with the link ──► booking's home: AcceptTransfer ──► the tickets are theirs, with new codes
//
//	operator ── Rotate ──► storage.TicketKeys: a new key signs from now on, all keys go on verifying
//
// Whether a ticket opens a door is decided by its home's machine alone, so two nodes, two scanners or one that asks
// twice admit once. This room signs, opens and words; it remembers nothing but the keys.
//
// The engine is a Host of three functions: how it asks a section is its own business, and a test can be one.
//
// # Rejected
//
//   - A projection of admitted tickets that scanners ask: it would be behind the log just when two scanners race.
//   - Codes that are kept: signing is cheaper than reading.
package ticketing
