// Package tickets answers buyers who want their tickets, scanners that let people in, and operators who keep the keys.
//
//	GET  /v1/bookings/{b}/tickets             what was bought, with its codes
//	GET  /v1/bookings/{b}/tickets/qr          one code as a picture      download.go
//	GET  /v1/bookings/{b}/tickets/pdf         all of them, to print
//	GET  /v1/bookings/{b}/tickets/calendar    the event, for a calendar
//	POST /v1/tickets/scan · scan/batch        a scanner, or its list     scan.go
//	GET  /v1/events/{e}/tickets/manifest · conflicts                     manifest.go
//	GET  /v1/tickets/keys, POST …/rotate      what codes are signed with
//
// The same booking gives the same bytes, of every kind, until something changes: see package files. Nobody keeps them:
// whoever stands between must not have a code that was void before it is asked for again.
//
// Rejected: the codes of all tickets in one barcode, which lets a party in together or not at all; a picture of the
// seat map in the file, which makes it a hundred times larger.
package tickets
