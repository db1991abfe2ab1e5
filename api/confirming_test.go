package api

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/checkout/sandbox"
	"holdfast/storage"
	"holdfast/storage/faultstore"
	"holdfast/storage/memstore"
)

// TestPaidSeatsOfASectionThatCannotWriteAreConfirming: a booking over two sections whose second cannot write is paid
// and told as confirming, with 202 and without tickets (I9); once the section can, it is confirmed by itself, and has
// them.
func TestPaidSeatsOfASectionThatCannotWriteAreConfirming(t *testing.T) {
	bank, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	store := faultstore.Wrap(memstore.New(), 1)
	engine, err := actors.Open(context.Background(), actors.Config{Store: store, Processor: bank,
		Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close(context.Background()) })
	h := openOver(t, engine, &lockedBuffer{}, func(c *Config) { c.RequestTimeout = time.Second })
	event, _ := h.showOf(casePlan(t, "two-sections-of-two.json"), "")
	held := h.do("POST", event+"/bookings", alice, `{"seats":["A-1-1","B-1-1"]}`).want(201, "").booking()
	id, err := storage.ParseEventID(strings.TrimPrefix(event, "/v1/events/"))
	if err != nil {
		t.Fatal(err)
	}
	store.Add(faultstore.Rule{Op: faultstore.OpCommit, Section: &storage.SectionKey{Event: id, Section: 1},
		Do: faultstore.Lose})
	path := "/v1/bookings/" + held.ID
	got := h.do("POST", path+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(202, "").booking()
	if got.State != "confirming" || len(got.Tickets) != 0 || len(got.Seats) != 2 {
		t.Errorf("paid, and B has not sold: %+v", got)
	}
	store.Heal()
	end := time.Now().Add(30 * time.Second)
	for got.State == "confirming" && time.Now().Before(end) {
		got = h.do("POST", path+"/confirm", alice, `{"payment_token":"tok_ok"}`).booking() // waits for it by itself
	}
	if got = h.do("GET", path, alice, "").want(200, "").booking(); got.State != "confirmed" || len(got.Tickets) != 2 {
		t.Errorf("B can write again: %+v", got)
	}
}
