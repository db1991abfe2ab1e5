// Package hooks has the JSON types of webhooks out and of an event's changes.
package hooks

import (
	"encoding/json"

	"holdfast/api/wire"
)

// Endpoint is one address that is told what happens.
type Endpoint struct {
	ID          string     `json:"id"`
	URL         string     `json:"url"`
	Types       []string   `json:"types"`  // empty: all
	Events      []string   `json:"events"` // empty: all
	Description string     `json:"description"`
	CreatedAt   wire.Time  `json:"created_at"`
	Enabled     bool       `json:"enabled"`
	Disabled    *string    `json:"disabled,omitempty"` // why: operator, gone or failing
	DisabledAt  *wire.Time `json:"disabled_at,omitempty"`
	// Secret verifies what is sent: whsec_ and base64. Told when it is made, and never again.
	Secret *string `json:"secret,omitempty"`
	// OverlapUntil is until when the secret before this one signs too.
	OverlapUntil *wire.Time `json:"overlap_until,omitempty"`
}

// Endpoints is the list of all.
type Endpoints struct {
	Webhooks []Endpoint `json:"webhooks"`
}

// Create is the body of POST /v1/webhooks.
type Create struct {
	URL         string   `json:"url"`
	Types       []string `json:"types"`       // absent: all
	Events      []string `json:"events"`      // absent: all
	Description *string  `json:"description"` // at most 200 characters
	From        *string  `json:"from"`        // "now", which is the default, or "beginning"
}

// Change is the body of PATCH /v1/webhooks/{webhook}. What is absent stays.
type Change struct {
	URL         *string   `json:"url,omitempty"`
	Types       *[]string `json:"types,omitempty"`
	Events      *[]string `json:"events,omitempty"`
	Description *string   `json:"description,omitempty"`
	Enabled     *bool     `json:"enabled,omitempty"`
}

// Rotate is the body of POST /v1/webhooks/{webhook}/rotate.
type Rotate struct {
	OverlapSeconds *int64 `json:"overlap_seconds"` // 0 to 604800; absent: 86400
}

// Deleted is the answer to DELETE.
type Deleted struct {
	ID string `json:"id"`
}

// Ping is what became of one attempt.
type Ping struct {
	Delivered    bool   `json:"delivered"`
	ResponseCode *int   `json:"response_code,omitempty"` // absent: there was no answer
	LatencyMS    int64  `json:"latency_ms"`
	Error        string `json:"error,omitempty"`
}

// Delivery is what became of telling an endpoint one change.
type Delivery struct {
	ID             string     `json:"id"`
	Message        string     `json:"message"` // webhook-id: event/section/seq/n
	State          string     `json:"state"`   // delivered, retrying or dead
	Attempts       int        `json:"attempts"`
	FirstAttemptAt wire.Time  `json:"first_attempt_at"`
	LastAttemptAt  wire.Time  `json:"last_attempt_at"`
	NextAttemptAt  *wire.Time `json:"next_attempt_at,omitempty"`
	ResponseCode   *int       `json:"response_code,omitempty"` // of the last attempt; absent: there was no answer
	LatencyMS      int64      `json:"latency_ms"`
	Error          string     `json:"error,omitempty"`
}

// Deliveries is a page, the newest first.
type Deliveries struct {
	Deliveries []Delivery `json:"deliveries"`
	NextCursor *string    `json:"next_cursor,omitempty"`
}

// Changes is a page of an event's changes: CloudEvents, in order within each section.
type Changes struct {
	Changes    []json.RawMessage `json:"changes"`
	NextCursor string            `json:"next_cursor"`
}
