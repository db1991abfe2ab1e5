// Package document keeps encoded answers that many callers share, with their entity tags and gzip variants.
//
//	Still   never changes: pages, seat maps, single events   encoded and packed once
//	Stills  a bounded number of them, each built once however many wait for it
//	Fresh   the newest document of something that changes    rebuilt by its readers, within a budget
//
// The bytes of a Document are handed to the connection without a copy, so nobody may change them. Strong tags mean the
// same bytes, so each variant has a tag of its own.
//
// Rejected: a fixed least age of a Fresh document, which would make a lone buyer's map late; and packing by the server
// for each answer, which costs a thousand times the reading.
package document
