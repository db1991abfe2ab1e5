// Package payments answers operators about money that is open or wrong.
//
//	GET  /v1/events/{event}/payments           ─▶ a page of bookings with open money, over all nodes
//	GET  /v1/bookings/{booking}/payments       ─▶ all that is known of one booking's money
//	POST /v1/bookings/{booking}/payments/retry ─▶ the processor is asked at once, and the same answer
//
// A retry charges nobody and gives nothing back that the log does not owe, so it needs no key: twice is once. What the
// processor has not answered is told as not answered.
//
// Rejected: a call that sets a payment's state by hand. The processor's word is the only one that counts.
package payments
