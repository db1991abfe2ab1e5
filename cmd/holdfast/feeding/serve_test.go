package feeding_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"holdfast/api/consumer"
	"holdfast/api/wire"
	"holdfast/cmd/holdfast/nodetest"
)

// caller asks a node over HTTP.
type caller struct {
	t   *testing.T
	url string
	n   int
}

func (c *caller) do(method, path, buyer, body string, into any) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	c.n++
	request.Header.Set("Idempotency-Key", fmt.Sprint("k", c.n))
	request.Header.Set("Authorization", "Bearer dev")
	if buyer != "" {
		request.Header.Set("X-Buyer", buyer)
		request.Header.Del("Authorization")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it was read
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode/100 != 2 {
		c.t.Fatalf("%s %s: %d %s %v", method, path, response.StatusCode, text, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		c.t.Fatal(err)
	}
}

const plan = `{"name":"Night","starts_at":"2031-06-01T20:00:00Z","plan":{"sections":[` +
	`{"id":"A","category":"Stalls","rows":[{"label":"1","seats":20}]},` +
	`{"id":"B","category":"Stalls","rows":[{"label":"1","seats":20}]}]},` +
	`"prices":{"Stalls":4500},"currency":"EUR"}`

// house is a shop's own view of a house: the letters of a snapshot, and what the topic changed since.
type house struct {
	letters map[string]map[string]byte // by section and seat
}

// use folds one change, as a shop would.
func (h *house) use(t *testing.T, e *consumer.Event) {
	t.Helper()
	var data struct {
		Seats []struct {
			Section string
			Seats   []string
		}
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	letter, changes := map[string]byte{"booking.held": 'h', "booking.confirmed": 's', "booking.released": 'a',
		"booking.expired": 'a', "seats.blocked": 'b', "seats.unblocked": 'a'}[e.Type]
	for _, part := range data.Seats {
		for _, seat := range part.Seats {
			if changes {
				h.letters[part.Section][seat] = letter
			}
		}
	}
}

// snapshot is what GET …/seatmap and …/availability say, and the seq of each section.
func snapshot(c *caller, event string) (h *house, seqs []uint64) {
	var seatmap wire.Seatmap
	var now wire.Availability
	c.do("GET", "/v1/events/"+event+"/seatmap", "", "", &seatmap)
	c.do("GET", "/v1/events/"+event+"/availability", "", "", &now)
	h = &house{letters: map[string]map[string]byte{}}
	for i, section := range seatmap.Sections {
		h.letters[section.ID] = map[string]byte{}
		n := 0
		for _, row := range section.Rows {
			for _, seat := range row.Seats {
				h.letters[section.ID][seat.ID] = now.Sections[i].Status[n]
				n++
			}
		}
		seqs = append(seqs, now.Sections[i].Seq)
	}
	return h, seqs
}

// TestP15ANewConsumerStartsFromTheSnapshotAndTheTopic: seats were sold before it came; it asks for the snapshot, reads
// the topic from its oldest record, and its house is the server's, over a restart of the server; stamps say up to when
// the topic has everything, and hold.
func TestP15ANewConsumerStartsFromTheSnapshotAndTheTopic(t *testing.T) {
	c := broker(t)
	settings := nodetest.Config(filepath.Join(t.TempDir(), "d"))
	settings.Feed = []string{"kafka://" + c.ListenAddrs()[0] + "/seats"}
	node := nodetest.OpenWith(t, settings)
	shop := &caller{t: t, url: "http://" + node.Addr()}
	var event struct{ ID string }
	shop.do("POST", "/v1/events", "", plan, &event)
	shop.do("POST", "/v1/events/"+event.ID+"/sale", "", `{"state":"open"}`, &struct{}{})
	var booking wire.Booking
	hold := func(buyer string, seats ...string) string {
		body, err := json.Marshal(map[string]any{"seats": seats})
		if err != nil {
			t.Fatal(err)
		}
		shop.do("POST", "/v1/events/"+event.ID+"/bookings", buyer, string(body), &booking)
		return booking.ID
	}
	sell := func(buyer, id string) {
		shop.do("POST", "/v1/bookings/"+id+"/confirm", buyer, `{"payment_token":"tok_ok"}`, &booking)
	}
	sell("early", hold("early", "A-1-1", "A-1-2"))
	first := hold("alice", "A-1-4")
	hold("bob", "B-1-1")
	mine, seqs := snapshot(shop, event.ID)
	sell("alice", first)
	nodetest.Close(t, node)
	node = nodetest.OpenWith(t, settings)
	defer func() { nodetest.Close(t, node) }()
	shop.url = "http://" + node.Addr()
	hold("carol", "B-1-3", "A-1-9")
	gone := hold("dave", "B-1-7")
	shop.do("DELETE", "/v1/bookings/"+gone, "dave", "", &booking)

	reader := read(t, c)
	reader.BeginEvent(event.ID, seqs)
	truth, ends := snapshot(shop, event.ID)
	for reached := false; !reached || reader.verdicts[consumer.NoChange] < 2; {
		fetched := reader.client.PollFetches(t.Context())
		fetched.EachRecord(func(record *kgo.Record) {
			e := used(t, reader, record)
			if e != nil {
				mine.use(t, e)
			}
		})
		reached = true
		for no, seq := range ends {
			at := reader.Positions()[fmt.Sprintf("%s/%d", event.ID, no)]
			reached = reached && at.Sequence >= seq && at.Taken == at.Changes
		}
	}
	for section, seats := range truth.letters {
		for seat, letter := range seats {
			if mine.letters[section][seat] != letter {
				t.Errorf("P15: seat %s is %c, and the consumer has %c", seat, letter, mine.letters[section][seat])
			}
		}
	}
	if reader.verdicts[consumer.Before] == 0 || reader.verdicts[consumer.Next] == 0 {
		t.Errorf("P15: the snapshot and the topic did not meet: %v", reader.verdicts)
	}
}

// used is a record's event where it is to be used.
func used(t *testing.T, r *topic, record *kgo.Record) *consumer.Event {
	t.Helper()
	e := event(t, record)
	verdict, err := r.Take(&e)
	if err != nil {
		t.Fatalf("P15: %v", err)
	}
	r.verdicts[verdict]++
	if verdict != consumer.Next {
		return nil
	}
	return &e
}
