// Package feeds has the JSON types of how far those are who are told what happens.
package feeds

// Lag is how far a node is with one of them.
type Lag struct {
	Sink   string  `json:"sink"`            // the webhook's, or the mails'
	Behind int     `json:"sections_behind"` // sections with records that were not told yet
	Oldest float64 `json:"oldest_seconds"`  // the age of the oldest of these records
	Stuck  int     `json:"sections_stuck"`  // sections whose log cannot be followed: an alarm
}
