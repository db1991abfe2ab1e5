package consumer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Complete is the type of events that are no change: see Stamp.
const Complete = "feed.complete"

// Event is one change of a shard, as every sink tells it. The README of the API says what Data has.
type Event struct {
	ID           string          // event/section/sequence/change, for ever: a repeat has the same
	Source       string          // the event's address at the API
	Type         string          // such as booking.held
	Subject      string          // the booking's id, or the section's
	Time         string          // RFC 3339
	Shard        string          // event/section: within it there is an order
	Sequence     uint64          // the record's number, from 1, without gaps
	Change       int             // which of the record's changes, from 0
	Changes      int             // how many the record has, at least 1
	Hash         string          // of the record, in hex
	PreviousHash string          // of the record before; zeros: it is the first
	Data         json.RawMessage // JSON
}

// attributes are the event's as CloudEvents has them in structured mode.
type attributes struct {
	SpecVersion  string          `json:"specversion"`
	ID           string          `json:"id"`
	Source       string          `json:"source"`
	Type         string          `json:"type"`
	Subject      string          `json:"subject"`
	Time         string          `json:"time"`
	PartitionKey string          `json:"partitionkey"`
	Sequence     string          `json:"sequence"`
	Change       int             `json:"change"`
	Changes      int             `json:"changes"`
	Hash         string          `json:"hash"`
	PreviousHash string          `json:"previoushash"`
	Data         json.RawMessage `json:"data"`
}

// Structured reads an event in CloudEvents' structured mode: the body of a webhook, the field "event" of an entry of a
// Redis stream. The event keeps parts of body.
func Structured(body []byte) (Event, error) {
	var a attributes
	if err := json.Unmarshal(body, &a); err != nil {
		return Event{}, fmt.Errorf("consumer: not an event: %w", err)
	}
	return a.event()
}

// Binary reads an event in CloudEvents' binary mode, as Kafka's records have it: header gives the value of one such as
// ce_id, or nothing; value is the record's. The event keeps value.
func Binary(header func(name string) string, value []byte) (Event, error) {
	a := attributes{SpecVersion: header("ce_specversion"), ID: header("ce_id"), Source: header("ce_source"),
		Type: header("ce_type"), Subject: header("ce_subject"), Time: header("ce_time"),
		PartitionKey: header("ce_partitionkey"), Sequence: header("ce_sequence"), Hash: header("ce_hash"),
		PreviousHash: header("ce_previoushash"), Data: value}
	for name, number := range map[string]*int{"ce_change": &a.Change, "ce_changes": &a.Changes} {
		text := header(name)
		if text == "" {
			continue
		}
		var err error
		if *number, err = strconv.Atoi(text); err != nil {
			return Event{}, fmt.Errorf("consumer: header %s is %q", name, text)
		}
	}
	return a.event()
}

func (a *attributes) event() (Event, error) {
	e := Event{ID: a.ID, Source: a.Source, Type: a.Type, Subject: a.Subject, Time: a.Time, Shard: a.PartitionKey,
		Change: a.Change, Changes: a.Changes, Hash: a.Hash, PreviousHash: a.PreviousHash, Data: a.Data}
	if !strings.HasPrefix(a.SpecVersion, "1.") || e.ID == "" || e.Type == "" {
		return Event{}, fmt.Errorf("consumer: not an event of CloudEvents 1: id %q, type %q, specversion %q", e.ID,
			e.Type, a.SpecVersion)
	}
	if e.Type == Complete || a.Sequence == "" {
		return e, nil // it is no change of a log
	}
	var err error
	if e.Sequence, err = strconv.ParseUint(a.Sequence, 10, 64); err != nil || e.Sequence == 0 {
		return Event{}, fmt.Errorf("consumer: event %s has the sequence %q", e.ID, a.Sequence)
	}
	if e.Changes < 1 || e.Change < 0 || e.Change >= e.Changes || e.Shard == "" {
		return Event{}, fmt.Errorf("consumer: event %s is change %d of %d of shard %q", e.ID, e.Change, e.Changes,
			e.Shard)
	}
	return e, nil
}

// Stamp is what an event of type Complete says: everything that the logs of these shards had up to At came before it,
// in its partition. Shards that are not in it are not spoken of.
type Stamp struct {
	Node      string       `json:"node"`
	Partition int32        `json:"partition"`
	At        string       `json:"at"` // RFC 3339
	Shards    []ShardStamp `json:"shards"`
}

// ShardStamp says up to which record a shard was told.
type ShardStamp struct {
	Shard    string `json:"shard"`
	Sequence string `json:"sequence"` // as in events, zero-padded
}

// Stamp reads what an event of type Complete says.
func (e *Event) Stamp() (s Stamp, err error) {
	if e.Type != Complete {
		return s, fmt.Errorf("consumer: event %s is of type %s", e.ID, e.Type)
	}
	if err = json.Unmarshal(e.Data, &s); err != nil {
		return s, fmt.Errorf("consumer: event %s: %w", e.ID, err)
	}
	return s, nil
}
