package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/cmd/holdfast/nodetest"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgtest"
)

const (
	address = "zerberus.quitte@example.org"
	phone   = "+49 30 7654321"
)

// contactPlaces are those in which a contact is. A key of the sandbox and the like are no such place.
func (s *privateSale) contactPlaces() (found []string) {
	s.t.Helper()
	for _, secret := range []string{address, phone} {
		found = append(found, s.where([]byte(secret))...)
	}
	return found
}

func (s *privateSale) giveContact() {
	s.t.Helper()
	s.call("PUT", "/v1/me/contact", fan, `{"email":"`+address+`","phone":"`+phone+`"}`, http.StatusOK, nil)
}

// TestAForgottenBuyersContactIsNowhere guards P14: while it is kept it is in one place, beside the logs; once
// forgotten, by the server or without one, no file, no log and no command has it, whatever else was written meanwhile;
// and the buyer's bookings go on.
func TestAForgottenBuyersContactIsNowhere(t *testing.T) {
	s := newPrivateSale(t)
	s.giveContact()
	bought, _ := s.sell(s.events[0].ID)
	s.look()
	for _, place := range s.contactPlaces() {
		if !strings.Contains(place, string(filepath.Separator)+"contacts"+string(filepath.Separator)) {
			t.Errorf("P14: the contact is in %s", place)
		}
	}
	if len(s.contactPlaces()) != 2 { // address and number, in one file; or nothing below could have been found
		t.Errorf("the contact is in %v", s.contactPlaces())
	}
	forget := func(args ...string) {
		t.Helper()
		args = append([]string{"forget", "--buyer", fan, "--reason", "asked by letter"}, args...)
		if code, out := tool(t, args...); code != exitOK || !strings.Contains(out, "no contact data") {
			t.Fatalf("forget: %d %s", code, out)
		}
	}
	for range 2 {
		forget("--url", "http://"+s.node.Addr())
	}
	s.call("GET", "/v1/me/contact", fan, "", http.StatusNotFound, nil)
	s.call("GET", "/v1/bookings/"+bought.ID, fan, "", http.StatusOK, nil)
	s.look()
	if found := s.contactPlaces(); len(found) > 0 {
		t.Errorf("P14: forgotten by the server, it is still in %v", found)
	}
	s.giveContact()
	nodetest.Close(t, s.node)
	forget("--data", s.data)
	s.files()
	if found := s.contactPlaces(); len(found) > 0 {
		t.Errorf("P14: forgotten without a server, it is still in %v", found)
	}
	s.start()
	s.call("GET", "/v1/me/contact", fan, "", http.StatusNotFound, nil)
	nodetest.Close(t, s.node)
}

// TestForgettingABuyerOfADatabase guards P14: the row is gone, whether servers sell from it or not.
func TestForgettingABuyerOfADatabase(t *testing.T) {
	database := pgtest.Database(t)
	store, err := sqlstore.Open(t.Context(), database, sqlstore.Options{Name: "test", Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }() // nothing is lost
	if err := store.PutContact(t.Context(), fan, storage.Contact{Email: address, At: 1}); err != nil {
		t.Fatal(err)
	}
	if code, out := tool(t, "forget", "--buyer", fan, "--reason", "asked", "--store", database); code != exitOK {
		t.Fatalf("forget: %d %s", code, out)
	}
	if _, err := store.Contact(t.Context(), fan); err == nil {
		t.Error("P14: the row is still there")
	}
}

// TestForgettingSaysWhom: an event or a buyer, one of them, and why.
func TestForgettingSaysWhom(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	event := storage.NewEventID().String()
	for _, args := range [][]string{
		{"--reason", "x"}, {"--buyer", "a", "--event", event, "--reason", "x"}, {"--buyer", "a"},
		{"--buyer", "a", "--reason", " "}, {"--buyer", "a", "--reason", "x", "--before-start"},
		{"--buyer", "a\x07", "--reason", "x"},
	} {
		if code, out := tool(t, append([]string{"forget", "--data", data}, args...)...); code == exitOK {
			t.Errorf("%v: %s", args, out)
		}
	}
}
