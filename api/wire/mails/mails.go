// Package mails has the JSON types of mails to buyers, as operators see them. None has an address.
package mails

import "holdfast/api/wire"

// Status is how the sending stands.
type Status struct {
	Sending bool    `json:"sending"`           // false: no mail server is set
	Queued  int     `json:"queued"`            // mails that wait at the node that answers
	Failing *string `json:"failing,omitempty"` // why the mail server takes none; absent: it does
	Dead    []Dead  `json:"dead"`              // given up, in no order that means anything
	// NextCursor is there when more are dead.
	NextCursor *string `json:"next_cursor,omitempty"`
}

// Dead is a mail that was given up.
type Dead struct {
	ID       string    `json:"id"`
	Event    string    `json:"event"`
	Kind     string    `json:"kind"`     // confirmed, refunded, returned
	Reason   string    `json:"reason"`   // rejected, too_long, unreadable
	Attempts int       `json:"attempts"` // that failed before
	GivenUp  wire.Time `json:"given_up_at"`
}
