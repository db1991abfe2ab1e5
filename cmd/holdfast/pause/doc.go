// Package pause waits for a while that can be cut short.
//
// Rejected: time.Sleep, which a signal does not end, and a ticker in each loop, whose first look comes late.
package pause
