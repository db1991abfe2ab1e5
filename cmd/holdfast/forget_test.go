package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"holdfast/api/wire"
	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/demo"
	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage"
)

// said is a log that a test reads.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) all() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.text.Bytes())
}

// privateSale is a server with two events, whose people have names that are nowhere else.
type privateSale struct {
	t      *testing.T
	data   string
	log    said
	node   *node.Node
	events []wire.Event
	places map[string][]byte // what was written where

	configure func(*config.Config) // what the server is told besides; nil: nothing
}

// Names of people that nothing else is called by.
const (
	fan     = "Zerberus.Quitte@example.net"
	invited = "Xaver-Quendelgras"
)

func newPrivateSale(t *testing.T) *privateSale { return newPrivateSaleWith(t, nil) }

func newPrivateSaleWith(t *testing.T, configure func(*config.Config)) *privateSale {
	s := &privateSale{t: t, data: filepath.Join(t.TempDir(), "d"), places: map[string][]byte{}, configure: configure}
	s.start()
	for _, name := range []string{"May Day", "June Day"} {
		var event wire.Event
		s.call("POST", "/v1/events", "", `{"name":"`+name+`","starts_at":"2035-06-01T19:30:00Z","currency":"EUR",`+
			`"prices":{"*":4500},"plan":`+smallPlan+`}`, http.StatusCreated, &event)
		s.call("POST", "/v1/events/"+event.ID+"/sale", "", `{"state":"open"}`, http.StatusOK, &event)
		s.events = append(s.events, event)
	}
	return s
}

func (s *privateSale) start() {
	s.t.Helper()
	log := slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := nodetest.Config(s.data)
	if s.configure != nil {
		s.configure(c)
	}
	var err error
	if s.node, err = node.Open(s.t.Context(), c, log, node.Options{}); err != nil {
		s.t.Fatal(err)
	}
	if err := demo.WaitReady(s.t.Context(), s.node.Engine()); err != nil {
		s.t.Fatal(err)
	}
}

// call asks as a buyer, or as an operator where no buyer is named.
func (s *privateSale) call(method, path, buyer, body string, want int, into any) {
	s.t.Helper()
	head := map[string]string{"Authorization": "Bearer dev"}
	if buyer != "" {
		head = map[string]string{"X-Buyer": buyer}
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.node.Addr()+path,
		strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range head {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != want {
		s.t.Fatalf("%s %s of %q: %d, want %d: %s %v", method, path, buyer, response.StatusCode, want, text, err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			s.t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
}

// sell has the fan do whatever a fan can do, and an operator invite somebody.
func (s *privateSale) sell(event string) (bought, mine wire.Booking) {
	s.t.Helper()
	bookings := "/v1/events/" + event + "/bookings"
	s.call("POST", bookings, fan, `{"seats":["A-1-3","A-1-4"]}`, http.StatusCreated, &bought)
	path := "/v1/bookings/" + bought.ID
	s.call("POST", path+"/extend", fan, "", http.StatusOK, &bought)
	s.call("POST", path+"/confirm", fan, `{"payment_token":"tok_declined"}`, http.StatusPaymentRequired, nil)
	s.call("POST", path+"/confirm", fan, `{"payment_token":"tok_ok"}`, http.StatusOK, &bought)
	s.call("POST", bookings, fan, `{"seats":["A-1-3"]}`, http.StatusConflict, nil)
	s.call("POST", bookings, fan, `{"seats":["Z-1"]}`, http.StatusNotFound, nil)
	s.call("POST", bookings, fan, `{"best_available":{"quantity":1}}`, http.StatusCreated, &mine)
	s.call("DELETE", "/v1/bookings/"+mine.ID, fan, "", http.StatusOK, &mine)
	s.call("GET", path, "somebody else", "", http.StatusNotFound, nil)
	s.call("POST", bookings, "", `{"seats":["A-1-9"],"buyer":"`+invited+`"}`, http.StatusCreated, &mine)
	s.call("GET", "/v1/bookings/"+mine.ID, invited, "", http.StatusOK, &mine)
	s.call("POST", "/v1/bookings/"+mine.ID+"/confirm", invited, `{"payment_token":"tok_ok"}`, http.StatusOK, &mine)
	return bought, mine
}

// look gathers all that is written: log lines, metrics, what holdfast log and audit print, every file.
func (s *privateSale) look() {
	s.t.Helper()
	_, metrics := testkit.Get(s.t, "http://"+s.node.Addr()+"/metrics")
	s.places["metrics"] = []byte(metrics)
	nodetest.Close(s.t, s.node)
	s.places["the server's log"] = s.log.all()
	for _, command := range []string{"log", "audit"} {
		code, out := tool(s.t, command, "--data", s.data)
		if code != exitOK {
			s.t.Fatalf("%s: %d %s", command, code, out)
		}
		s.places["holdfast "+command] = []byte(out)
	}
	s.files()
	s.start()
}

func (s *privateSale) files() {
	s.t.Helper()
	for name := range s.places {
		if strings.HasPrefix(name, "file ") {
			delete(s.places, name)
		}
	}
	err := filepath.WalkDir(s.data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		s.places["file "+path] = text
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// where lists the places in which bytes are, as they are, or in digits or Base64.
func (s *privateSale) where(secret []byte) (found []string) {
	for name, text := range s.places {
		for _, form := range [][]byte{secret, []byte(hex.EncodeToString(secret)),
			[]byte(base64.StdEncoding.EncodeToString(secret)), []byte(base64.RawURLEncoding.EncodeToString(secret))} {
			if bytes.Contains(text, form) {
				found = append(found, name)
				break
			}
		}
	}
	return found
}

// lines are what holdfast log printed of an event.
func (s *privateSale) lines(event string) (lines []wire.LogChange) {
	for _, line := range logLines(s.t, string(s.places["holdfast log"])) {
		if line.Event == event {
			lines = append(lines, line)
		}
	}
	return lines
}

// placed is the line of a booking's hold.
func (s *privateSale) placed(event, booking string) wire.LogChange {
	s.t.Helper()
	for _, line := range s.lines(event) {
		if line.Kind == wire.LogHoldPlaced && line.Booking == booking {
			return line
		}
	}
	s.t.Fatalf("no hold of %s in the log", booking)
	return wire.LogChange{}
}

// key is the key of an event, as it lies beside the log.
func (s *privateSale) key(event string) []byte {
	for name, text := range s.places {
		if strings.HasSuffix(name, "/"+event) && len(text) == 37 {
			return text[1:33]
		}
	}
	return nil
}

// TestNobodyIsNamed guards P14: whatever a fan does, no name and no hash that whoever knows the name could make is in
// logs, metrics, store, or what is printed of them; and one fan has two names in two events.
func TestNobodyIsNamed(t *testing.T) {
	s := newPrivateSale(t)
	one, _ := s.sell(s.events[0].ID)
	two, guest := s.sell(s.events[1].ID)
	s.look()
	for _, name := range []string{fan, invited} {
		old, whole := wire.BuyerHash(name), sha256.Sum256([]byte(name))
		for what, secret := range map[string][]byte{"name": []byte(name), "hash of earlier builds": old[:],
			"plain hash": whole[:16]} {
			if found := s.where(secret); len(found) > 0 {
				t.Errorf("P14: the %s of %s is in %v", what, name, found)
			}
		}
	}
	in, other := s.placed(s.events[0].ID, one.ID), s.placed(s.events[1].ID, two.ID)
	if in.Buyer == other.Buyer || in.Buyer == "" || in.Request == other.Request {
		t.Errorf("P14: one fan is %q here and %q there", in.Buyer, other.Buyer)
	}
	if found := s.where(mustHex(t, in.Buyer)); len(found) < 2 { // or nothing above could have been found
		t.Errorf("the fan's pseudonym is in %v only", found)
	}
	if line := s.placed(s.events[1].ID, guest.ID); line.Buyer == other.Buyer {
		t.Error("two people have one pseudonym")
	}
	for _, event := range s.events {
		key := s.key(event.ID)
		if key == nil {
			t.Fatalf("no key of event %s lies beside the log: %d files", event.ID, len(s.places))
		}
		for _, place := range s.where(key) {
			if !strings.HasSuffix(place, "/eventkeys/"+event.ID) {
				t.Errorf("P14: the key of event %s is in %s", event.ID, place)
			}
		}
	}
	nodetest.Close(t, s.node)
}

func mustHex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestAForgottenEventLeadsToNobody guards P14: after holdfast forget no file has the key, buyers hear that it is over,
// operators go on, the other event is as it was, and logs, audits and copies are as before.
func TestAForgottenEventLeadsToNobody(t *testing.T) {
	s := newPrivateSale(t)
	over, on := s.events[0].ID, s.events[1].ID
	bought, _ := s.sell(over)
	kept, _ := s.sell(on)
	s.look()
	key, before := s.key(over), s.lines(over)
	url := "http://" + s.node.Addr()
	forget := func(args ...string) (int, string) {
		return tool(t, append([]string{"forget", "--event", over, "--reason", "a year is over"}, args...)...)
	}
	if code, out := forget("--url", url); code != exitFailed || !strings.Contains(out, "its sale is open") {
		t.Errorf("while it is on sale: %d %s", code, out)
	}
	s.call("POST", "/v1/events/"+over+"/sale", "", `{"state":"closed"}`, http.StatusOK, nil)
	if code, out := forget("--url", url); code != exitFailed || !strings.Contains(out, "the show has not begun") {
		t.Errorf("before the show: %d %s", code, out)
	}
	s.call("GET", "/v1/bookings/"+bought.ID, fan, "", http.StatusOK, nil)
	for range 2 {
		if code, out := forget("--url", url, "--before-start"); code != exitOK ||
			!strings.Contains(out, "forgotten since") {
			t.Fatalf("forget: %d %s", code, out)
		}
	}
	s.forgotten(over, on, bought.ID, kept.ID)
	s.look()
	s.forgotten(over, on, bought.ID, kept.ID) // after a restart too
	if found := s.where(key); len(found) > 0 {
		t.Errorf("P14: the key is still in %v", found)
	}
	if after := s.lines(over); len(after) < len(before) || !reflect.DeepEqual(after[:len(before)], before) {
		t.Errorf("P10: the log has %v, and had %v", after, before)
	}
	if !bytes.Contains(s.log.all(), []byte("a year is over")) {
		t.Error("the reason is not in the log")
	}
	nodetest.Close(t, s.node)
	copied := filepath.Join(t.TempDir(), "copy")
	if code, out := tool(t, "copy", "--from", "pebble:"+s.data, "--to", "pebble:"+copied); code != exitOK {
		t.Errorf("copy: %d %s", code, out)
	}
	if code, out := tool(t, "audit", "--data", copied); code != exitOK {
		t.Errorf("audit of the copy: %d %s", code, out)
	}
}

// forgotten checks what buyers and operators hear once an event is forgotten and another is not.
func (s *privateSale) forgotten(over, on, bought, kept string) {
	s.t.Helper()
	booking := "/v1/bookings/" + bought
	var p wire.Problem
	for _, ask := range [][3]string{{"GET", booking, ""}, {"DELETE", booking, ""}, {"POST", booking + "/extend", ""},
		{"POST", booking + "/confirm", `{"payment_token":"tok_ok"}`},
		{"POST", "/v1/events/" + over + "/bookings", `{"seats":["A-1-1"]}`}} {
		s.call(ask[0], ask[1], fan, ask[2], http.StatusGone, &p)
		if p.Code != "event_forgotten" {
			s.t.Errorf("%v: %+v", ask, p)
		}
	}
	s.call("POST", "/v1/events/"+over+"/sale", "", `{"state":"open"}`, http.StatusGone, &p)
	s.call("GET", booking, "", "", http.StatusOK, nil)
	s.call("GET", "/v1/bookings/"+kept, fan, "", http.StatusOK, nil)
	var event wire.Event
	s.call("GET", "/v1/events/"+over, "", "", http.StatusOK, &event)
	if event.ForgottenAt == nil {
		s.t.Errorf("the event tells nothing of it: %+v", event)
	}
	if s.call("GET", "/v1/events/"+on, "", "", http.StatusOK, &event); event.ID != on {
		s.t.Errorf("the other event is %+v", event)
	}
}

// TestForgettingAStoppedServersEvent guards P14: the folder of a stopped server, and events that may not be forgotten.
func TestForgettingAStoppedServersEvent(t *testing.T) {
	s := newPrivateSale(t)
	over := s.events[0].ID
	nodetest.Close(t, s.node)
	forget := func(args ...string) (int, string) {
		return tool(t, append([]string{"forget", "--data", s.data, "--event", over}, args...)...)
	}
	if code, out := forget("--reason", "over"); code != exitFailed || !strings.Contains(out, "its sale is open") {
		t.Errorf("on sale: %d %s", code, out)
	}
	if code, out := tool(t, "sale", "closed", over, "--data", s.data); code != exitOK {
		t.Fatalf("%d %s", code, out)
	}
	if code, out := forget("--before-start"); code == exitOK {
		t.Errorf("without a reason: %s", out)
	}
	if code, out := forget("--reason", "over", "--before-start"); code != exitOK {
		t.Fatalf("%d %s", code, out)
	}
	s.files()
	if s.key(over) != nil || s.key(s.events[1].ID) == nil {
		t.Error("P14: the key of the wrong event was destroyed, or of none")
	}
	if code, out := tool(t, "forget", "--data", s.data, "--event", storage.NewEventID().String(), "--reason",
		"x"); code != exitFailed || !strings.Contains(out, "no such event") {
		t.Errorf("no event: %d %s", code, out)
	}
}
