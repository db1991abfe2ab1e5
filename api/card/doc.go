// Package card finds what looks like a payment card's number, so that none is stored, logged or passed on (P12).
//
//	text ── InText, Anywhere ──────► is there a number that some scheme issues, with a right check digit?
//	body ── InBody, CheckPlan ─────► where in the JSON does one stand, and is it an id of a plan?
//
// Numbers are judged by issuer, length, check digit and the way in which people group digits (number.go, issuers.go).
// In a body the column decides: ids of seats may have 16 digits, and one in ten has a right check digit by chance
// (body.go). A quick look that allocates nothing settles nearly every body.
//
// Rejected: Luhn's check alone, which refuses one long number in ten; and looking only at members that are meant for
// payment, because people paste a card's number anywhere.
package card
