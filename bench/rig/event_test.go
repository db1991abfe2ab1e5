package rig

import (
	"bufio"
	"bytes"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/api/wire"
	"holdfast/bench/load"
)

func testEvent(sections, seats int) *soldEvent {
	return &soldEvent{
		ID: "e", Plan: eventPlan{Sections: sections, SeatsPerSection: seats, HoldTTL: time.Minute},
		host: "h:1", run: "r",
		head: []byte("POST /v1/events/e/bookings HTTP/1.1\r\nHost: h:1\r\nContent-Type: application/json\r\nX-Buyer: "),
	}
}

func TestHallSeatsAreAllDifferentAndFoundAgain(t *testing.T) {
	h := testEvent(3, 50)
	seen := map[string]uint64{}
	for n := range uint64(h.Plan.seats()) {
		id := string(h.appendSeat(nil, n))
		if first, twice := seen[id]; twice {
			t.Fatalf("seats %d and %d are both %s", first, n, id)
		}
		seen[id] = n
		section, _, _ := strings.Cut(id, "-")
		if back, err := h.seatNumber(section, uint32(n/3)); err != nil || back != n {
			t.Fatalf("seat %d (%s) is found as %d, %v", n, id, back, err)
		}
	}
	for _, id := range []string{"S10-100-1", "S11-100-1", "S12-101-25"} {
		if _, ok := seen[id]; !ok {
			t.Errorf("seat %s is missing", id)
		}
	}
	for _, strange := range []string{"S9", "S13", "B", ""} {
		if _, err := h.seatNumber(strange, 0); err == nil {
			t.Errorf("section %q was taken for ours", strange)
		}
	}
}

func TestHoldRequestsAreWellFormed(t *testing.T) {
	h := testEvent(64, 3125)
	keys := map[string]bool{}
	for _, n := range []uint64{0, 1, 63, 64, 199_999} {
		var request fasthttp.Request
		if err := request.Read(bufio.NewReader(bytes.NewReader(h.appendHold(nil, n, 'h', requestNo(n))))); err != nil {
			t.Fatal(err)
		}
		var book wire.Book
		if err := wire.Decode(request.Body(), &book); err != nil || len(book.Seats) != 1 ||
			book.Seats[0] != string(h.appendSeat(nil, n)) {
			t.Errorf("request %d has the body %s, %v", n, request.Body(), err)
		}
		key, buyer := string(request.Header.Peek("Idempotency-Key")), string(request.Header.Peek("X-Buyer"))
		if keys[key] || key == "" || buyer == "" {
			t.Errorf("request %d has the key %q and the buyer %q", n, key, buyer)
		}
		keys[key] = true
		if string(request.Header.RequestURI()) != "/v1/events/e/bookings" || !request.Header.IsPost() {
			t.Errorf("request %d goes to %s", n, request.Header.RequestURI())
		}
	}
}

func TestWaveCountsEachSeatOnce(t *testing.T) {
	w := &wave{event: testEvent(1, 50), lags: load.NewLatencies(), lapses: make([]atomic.Int64, 50)}
	at := time.UnixMilli(1_000)
	w.lapses[3].Store(at.UnixMilli())
	w.lapses[4].Store(at.UnixMilli())
	w.pending.Store(2)
	steps := []struct {
		seat   uint64
		letter byte
		more   bool
	}{{3, 'h', true}, {5, 'a', true}, {3, 'a', true}, {3, 'a', true}, {4, 'a', false}}
	for i, s := range steps {
		if more := w.seen(s.seat, s.letter, at.Add(time.Duration(i)*time.Millisecond)); more != s.more {
			t.Errorf("step %d: more is %v", i, more)
		}
	}
	q := w.lags.Quantiles()
	if q.Count != 2 || (q.Max-4*time.Millisecond).Abs() > 10*time.Microsecond {
		t.Errorf("lags: %s", q)
	}
	var e ExpiryResult
	e.add([]*wave{w})
	if e.Unseen != 0 {
		t.Errorf("%d unseen", e.Unseen)
	}
}

func TestExpiresAt(t *testing.T) {
	if at, ok := expiresAt([]byte(`{"id":"b","expires_at":"1970-01-01T00:00:02.500Z","total":{}}`)); !ok ||
		at != 2_500 {
		t.Errorf("%v %v", at, ok)
	}
	for _, none := range []string{`{"id":"b"}`, `{"expires_at":}`, `{"expires_at":"soon"}`, ``} {
		if at, ok := expiresAt([]byte(none)); ok {
			t.Errorf("%s: %v", none, at)
		}
	}
}
