package api

import (
	"bytes"
	"context"
	"encoding/hex"
	"log/slog"
	"strings"
	"testing"

	"holdfast/actors"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/wire"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// oldEvent is one of before keys, as it is in stores.
func oldEvent(t *testing.T, store *memstore.Store) string {
	t.Helper()
	v, err := venue.Parse(
		[]byte(`{"sections":[{"id":"A","rows":[{"label":"1","seats":10}]}]}`),
		venue.Options{Name: "old"},
	)
	if err != nil {
		t.Fatal(err)
	}
	e := &storage.Event{ID: storage.NewEventID(), Name: "old", Currency: "EUR", Sale: storage.SaleOpen,
		Rules: section.Rules{HoldTTL: 600_000, HoldCeiling: 900_000, SeatsPerBookingMax: 4, SeatsPerBuyerMax: 6,
			DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin},
		Sections: []storage.SectionInfo{{ID: "A", Name: "A", Seats: 10}}}
	if err := store.CreateEvent(t.Context(), e, v.Encode()); err != nil {
		t.Fatal(err)
	}
	return "/v1/events/" + e.ID.String()
}

// openStore is a house over a store of the test's.
func openStore(t *testing.T, store *memstore.Store) *house {
	bank, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	logs := &lockedBuffer{}
	engine, err := actors.Open(t.Context(), actors.Config{Store: store, Processor: bank,
		Logger: slog.New(slog.NewTextHandler(logs, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return openOver(t, engine, logs, nil)
}

// logOf is all that is in an event's logs.
func logOf(t *testing.T, store *memstore.Store, path string) (all []byte) {
	t.Helper()
	id, err := storage.ParseEventID(strings.TrimPrefix(path, "/v1/events/"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := store.Sections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if key.Event != id {
			continue
		}
		err := store.Read(t.Context(), key, 0, func(e *storage.Entry, _ storage.Hash) error {
			all = append(all, e.Body...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestOldEventsNamePeopleAsBefore guards P5 and P14: the golden bytes of alice and of her request stand in the log of
// an event of before, and in no log of a new one; both know her again.
func TestOldEventsNamePeopleAsBefore(t *testing.T) {
	store := memstore.New()
	old := oldEvent(t, store)
	h := openStore(t, store)
	fresh := h.show("")
	golden := map[string]string{"her request": "60dd6c9de79065cf4e5d6a2d4628474e"}
	buyer := wire.BuyerHash("alice")
	golden["alice"] = hex.EncodeToString(buyer[:])
	for path, there := range map[string]bool{old: true, fresh: false} {
		var first, again wire.Booking
		book := func(into any) {
			h.do("POST", path+"/bookings", headers{"X-Buyer": "alice", "Idempotency-Key": "key-1"},
				`{"seats":["A-1-1"]}`).want(201, "").into(into)
		}
		book(&first)
		book(&again)
		if first.ID != again.ID {
			t.Errorf("P5: %s: a repeat is another booking", path)
		}
		h.do("POST", "/v1/bookings/"+first.ID+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, "")
		h.do("GET", "/v1/bookings/"+first.ID, alice, "").want(200, "")
		h.do("GET", "/v1/bookings/"+first.ID, bob, "").want(404, "booking_unknown")
		log := logOf(t, store, path)
		for what, text := range golden {
			want, err := hex.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(log, want) != there {
				t.Errorf("P14: %s is in the log of %s: %v, want %v", what, path, !there, there)
			}
		}
	}
	h.do("POST", old+"/sale", operator, `{"state":"closed"}`).want(200, "")
	h.do("POST", old+"/forget", operator, `{"reason":"over"}`).want(409, "not_forgettable")
}

// TestTheLimitOfABuyerHoldsUnderPseudonyms guards P13: requests by header, by an operator for a name, and repeats are
// one buyer's in an event, and nobody's in another.
func TestTheLimitOfABuyerHoldsUnderPseudonyms(t *testing.T) {
	h := open(t, nil)
	one, two := h.show(`,"max_seats_per_buyer":2,"max_seats_per_booking":2`), h.show("")
	h.do("POST", one+"/bookings", alice, `{"best_available":{"quantity":1}}`).want(201, "")
	h.do("POST", one+"/bookings", operator, `{"best_available":{"quantity":1},"buyer":"alice"}`).want(201, "")
	h.do("POST", one+"/bookings", alice, `{"best_available":{"quantity":1}}`).want(422, "too_many_seats")
	h.do("POST", one+"/bookings", operator, `{"best_available":{"quantity":1},"buyer":"alice"}`).
		want(422, "too_many_seats")
	h.do("POST", two+"/bookings", alice, `{"best_available":{"quantity":1}}`).want(201, "")
}

// TestForgettingIsForOperatorsWithAReason: who, why, and what of; see also cmd/holdfast.
func TestForgettingIsForOperatorsWithAReason(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	why := `{"reason":"over","before_start":true}`
	h.do("POST", event+"/forget", alice, why).want(403, "forbidden")
	h.do("POST", event+"/forget", nobody, why).want(401, "unauthorized")
	h.do("POST", event+"/forget", operator, why).want(409, "event_not_over")
	h.do("POST", event+"/sale", operator, `{"state":"closed"}`).want(200, "")
	for _, body := range []string{
		``, `{}`, `{"reason":null}`, `{"reason":" "}`, `{"reason":7}`, `{"reason":"x","more":1}`,
	} {
		h.do("POST", event+"/forget", operator, body).want(400, "bad_request")
	}
	h.do("POST", event+"/forget", operator, `{"reason":"`+strings.Repeat("x", 501)+`"}`).want(422, "invalid")
	h.do("POST", event+"/forget", operator, `{"reason":"over"}`).want(409, "event_not_over")
	var now wire.Event
	h.do("POST", event+"/forget", operator, why).want(200, "").into(&now)
	if now.ForgottenAt == nil || now.Sale != "closed" {
		t.Errorf("%+v", now)
	}
	h.do("POST", "/v1/events/"+storage.NewEventID().String()+"/forget", operator, why).want(404, "event_unknown")
}

// TestTheDoorsOfAForgottenEventKnowNobody guards P14: who waits is a buyer as any other.
func TestTheDoorsOfAForgottenEventKnowNobody(t *testing.T) {
	h, _, event := withDoors(t, roomBody)
	p := h.do("POST", event+"/queue", alice, "").place()
	h.do("POST", event+"/sale", operator, `{"state":"closed"}`).want(200, "")
	h.do("POST", event+"/forget", operator, `{"reason":"over","before_start":true}`).want(200, "")
	h.do("POST", event+"/queue", alice, "").want(410, "event_forgotten")
	h.do("POST", event+"/queue/admission", alice.with("Queue-Place", p.Place), "").want(410, "event_forgotten")
	h.do("DELETE", event+"/queue", alice, "").want(410, "event_forgotten")
	h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":1}}`).want(410, "event_forgotten")
	h.do("POST", event+"/bookings", operator, `{"best_available":{"quantity":1},"buyer":"alice"}`).want(410,
		"event_forgotten")
}
