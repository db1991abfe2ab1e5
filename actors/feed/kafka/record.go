package kafka

import (
	"encoding/json"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"holdfast/actors/feed/envelope"
)

// record is an event in CloudEvents' binary mode for Kafka.
func record(topic string, partition int32, e *envelope.Event) *kgo.Record {
	value, err := json.Marshal(&e.Data)
	if err != nil { // texts and numbers only: it cannot fail
		panic(err)
	}
	r := &kgo.Record{Topic: topic, Partition: partition, Key: []byte(e.PartitionKey), Value: value}
	r.Headers = make([]kgo.RecordHeader, 0, 13)
	add := func(name, value string) {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
	}
	add("content-type", e.DataContentType)
	add("ce_specversion", e.SpecVersion)
	add("ce_id", e.ID)
	add("ce_source", e.Source)
	add("ce_type", e.Type)
	add("ce_subject", e.Subject)
	add("ce_time", e.Time)
	if e.Sequence == "" {
		return r // no change of a log
	}
	add("ce_partitionkey", e.PartitionKey)
	add("ce_sequence", e.Sequence)
	add("ce_change", strconv.Itoa(e.Change))
	add("ce_changes", strconv.Itoa(e.Changes))
	add("ce_hash", e.Hash)
	add("ce_previoushash", e.PreviousHash)
	return r
}

// size is about what a record takes, on its way and in a batch.
func size(r *kgo.Record) (n int) {
	n = len(r.Key) + len(r.Value)
	for i := range r.Headers {
		n += len(r.Headers[i].Key) + len(r.Headers[i].Value)
	}
	return n
}
