package storectl

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"holdfast/actors/gate"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// TestQueueLogPrintsEveryChange: P8, P10, every kind of change has its name, and what it is about.
func TestQueueLogPrintsEveryChange(t *testing.T) {
	const at = gate.Instant(1_900_000_000_000)
	var changes []gate.Change
	for kind := gate.Founded; int(kind) < len(queueNames); kind++ {
		changes = append(changes, gate.Change{Kind: kind, At: at, Oldest: at, Count: 3, Number: 7, From: gate.Called,
			Upto: 9, People: 2, Offers: 1, Cites: 4, ShowRate: 900, Session: 5, Until: at + 1000,
			Reason: gate.EndedBought, Sessions: []gate.SessionNo{5}, Acks: []gate.Ack{{Node: gate.Node{1}, Seq: 6}},
			Action: gate.SetCap, Value: 8, Why: "a full hall", Stock: gate.Stock{Free: 11, Held: 1,
				Sections: []gate.SectionSeq{{Section: 2, Seq: 12}}},
			Settings: gate.Settings{Cap: 10, Session: 1, Turn: 1}, Signature: []byte{1},
			Entrants: []gate.Entrant{{Buyer: gate.Buyer{0xab}, Party: 2}}})
	}
	e := storage.Entry{Kind: storage.EntryChanges, Seq: 2, Epoch: 1, At: at}
	for i := range changes {
		e.Body = gate.AppendChange(e.Body, at, &changes[i])
	}
	var out bytes.Buffer
	p := queuePrinter{to: json.NewEncoder(&out), event: "e"}
	for _, entry := range []*storage.Entry{{Kind: storage.EntryClaim, Seq: 1, Epoch: 1, At: at}, &e} {
		if err := p.record(entry); err != nil {
			t.Fatal(err)
		}
	}
	lines := map[string]waitingroom.LogChange{}
	for text := range strings.Lines(out.String()) {
		var c waitingroom.LogChange
		if err := wire.Decode([]byte(text), &c); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if _, twice := lines[c.Kind]; twice || c.Kind == "" || c.Event != "e" {
			t.Errorf("a kind has no name of its own, or no event: %s", text)
		}
		lines[c.Kind] = c
	}
	if len(lines) != len(changes)+1 {
		t.Errorf("%d lines of %d changes and a claim", len(lines), len(changes))
	}
	seven, nine, two, until := uint32(7), uint32(9), uint32(2), wire.Time(at+1000)
	rate := uint32(900)
	for _, want := range []waitingroom.LogChange{
		{Kind: waitingroom.LogAdmitted, Number: &seven, From: "called", Session: 5, Until: &until},
		{Kind: waitingroom.LogCalled, Called: &nine, Affected: &two, Cites: 4, ShowRate: &rate},
		{Kind: waitingroom.LogSessionEnding, Session: 5, Reason: "bought"},
		{Kind: waitingroom.LogSlotsFreed, Sessions: []uint32{5},
			Acks: []waitingroom.LogAck{{Node: "01" + strings.Repeat("00", 15), Seq: 6}}},
		{Kind: waitingroom.LogStocked, Stock: &waitingroom.LogStock{Free: 11, Held: 1,
			Sections: []waitingroom.LogSection{{Section: 2, Seq: 12}}}},
		{Kind: waitingroom.LogOperated, Reason: "a full hall",
			Operation: &waitingroom.LogOperation{Action: "cap", Value: 8}},
	} {
		got := lines[want.Kind]
		want.Event, want.Seq, want.Epoch, want.At, want.Index = "e", 2, 1, wire.Time(at), got.Index
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v\nwant\n%+v", want.Kind, got, want)
		}
	}
	if e := lines[waitingroom.LogJoined].Entrants; len(e) != 1 || e[0].Buyer != "ab"+strings.Repeat("00", 15) {
		t.Errorf("joined: %+v", e)
	}
}
