// Package planreader reads a plan's JSON in one pass and lists everything that is wrong with it.
//
//	plan ──▶ Reader: a value at a time ──▶ the importer of a format
//	           │ another type, too large, nonsense
//	           ▼
//	        Defects: JSON pointer and problem, up to DefectsMax, the others counted ──▶ *DefectsError
//
// A value of another type than wanted is noted with its JSON pointer (RFC 6901) and skipped, so that one import tells
// of all defects. JSON that is broken, or a plan over its limits, ends the reading: More says no from then on, and
// every call after it gives zero values.
//
// Occurrences and Clash tell where a name stands that stands there more than once, spelled as it is.
//
// Rejected: decoding into structures. They lose the pointers, and a type's first error hides the others.
package planreader
