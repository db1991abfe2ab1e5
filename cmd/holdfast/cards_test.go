package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"holdfast/cmd/holdfast/testkit"
)

// cardsOfTests are numbers that processors publish for tests, of every network, as people write them.
var cardsOfTests = []string{
	"4242424242424242", "4111 1111 1111 1111", "4000-0000-0000-3220", "5555555555554444", "2223003122003222",
	"378282246310005", "6011111111111117", "3566002020360505", "30569309025904", "6200000000000005",
}

// TestP12NoCardNumberIsKeptAnywhere guards P12: every test number goes through every door of a real server, webhooks
// and payment tokens among them. None is in an answer, a metric, a log line, a file of the store or of the books, or in
// what the tools print of them. There are no traces to look into: this build makes none.
func TestP12NoCardNumberIsKeptAnywhere(t *testing.T) {
	data := t.TempDir()
	log := &lockedLog{}
	p := newProcess(t, buildBinary(t), "--data", data)
	p.errs, p.level = log, "debug"
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.command.Process.Kill() }) // it has ended where all went well
	event := p.createEvent()
	held, err := p.askOnce("alice", "POST", "/v1/events/"+event+"/bookings", "hold", `{"seats":["A-1-1"]}`)
	if err != nil || held.status != http.StatusCreated {
		t.Fatalf("hold: %v %+v", err, held)
	}
	answers := ""
	for n, card := range cardsOfTests {
		answers += throughEveryDoor(t, p, event, held.ID, card, n)
	}
	_, metrics := testkit.Get(t, "http://"+p.address+"/metrics")
	if held, err = p.askOnce("alice", "POST", "/v1/events/"+event+"/bookings", "again", `{"seats":["A-1-3"]}`); err != nil {
		t.Fatal(err)
	}
	paid, err := p.askOnce("alice", "POST", "/v1/bookings/"+held.ID+"/confirm", "pay", `{"payment_token":"tok_ok"}`)
	if err != nil || paid.status != http.StatusOK {
		t.Errorf("afterwards it cannot be paid: %v %+v", err, paid)
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Wait(); err != nil {
		t.Errorf("told to stop: %v", err)
	}
	printed, err := exec.Command(p.binary, "log", "--data", data).CombinedOutput()
	if err != nil {
		t.Errorf("holdfast log: %v", err)
	}
	places := map[string]string{"answers": answers, "metrics": metrics, "log": log.String(), "tools": string(printed)}
	readFiles(t, data, places)
	for place, text := range places {
		for _, card := range cardsOfTests {
			for _, spelt := range []string{card, strings.NewReplacer(" ", "", "-", "").Replace(card)} {
				if at := strings.Index(text, spelt); at >= 0 {
					t.Errorf("P12: %s stands in %s: …%q…", card, place, text[max(0, at-60):at])
				}
			}
		}
	}
	if len(log.String()) == 0 || len(printed) == 0 || len(metrics) == 0 {
		t.Error("there was nothing to look into")
	}
}

// throughEveryDoor sends a number wherever a caller's text goes, and gives all that was answered.
func throughEveryDoor(t *testing.T, p *process, event, booking, card string, n int) (answers string) {
	t.Helper()
	compact := strings.NewReplacer(" ", "", "-", "").Replace(card)
	for i, shot := range []struct {
		method, path string
		header       [2]string
		body         string
	}{
		{"POST", "/v1/bookings/" + booking + "/confirm", [2]string{}, `{"payment_token":"` + card + `"}`},
		{"POST", "/v1/bookings/" + booking + "/confirm", [2]string{}, `{"payment_token":"tok_` + compact + `"}`},
		{"POST", "/v1/bookings/" + booking + "/confirm", [2]string{}, `{"payment_token":` + compact + `}`},
		{"POST", "/v1/bookings/" + booking + "/confirm", [2]string{}, `{"payment_token":"x","card":"` + card + `"}`},
		{"POST", "/v1/payments/webhook/sandbox", [2]string{"Sandbox-Signature", "t=1,v1=" + compact}, `{"n":"` + card + `"}`},
		{"POST", "/v1/payments/webhook/stripe", [2]string{"Stripe-Signature", card}, `{"n":"` + card + `"}`},
		{"POST", "/v1/payments/webhook/" + compact, [2]string{}, card},
		{"POST", "/v1/events/" + event + "/bookings", [2]string{}, `{"seats":["` + card + `"]}`},
		{"POST", "/v1/events/" + event + "/bookings", [2]string{"Idempotency-Key", compact}, `{"seats":["A-1-2"]}`},
		{"POST", "/v1/events/" + event + "/bookings", [2]string{"X-Buyer", card}, `{"seats":["A-1-2"]}`},
		{"POST", "/v1/events/" + event + "/queue", [2]string{}, `{"code":"` + card + `"}`},
		{"POST", "/v1/events", [2]string{"Authorization", "Bearer dev"}, `{"name":"` + card + `"}`},
		{"POST", "/v1/events", [2]string{"Authorization", "Bearer " + compact}, `{"name":"x"}`},
		{"GET", "/v1/events?q=" + compact, [2]string{}, ""}, {"GET", "/v1/bookings/" + compact, [2]string{}, ""},
		{"GET", "/v1/events/" + compact + "/seatmap", [2]string{}, ""}, {compact, "/", [2]string{}, ""},
		{"GET", "/" + compact, [2]string{"Cookie", card}, ""}, {"GET", "/readyz", [2]string{"User-Agent", card}, ""},
		{"POST", "/v1/cluster/nodes/" + compact + "/drain", [2]string{"Authorization", "Bearer dev"}, ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), shot.method, "http://"+p.address+shot.path,
			strings.NewReader(shot.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Buyer", "alice")
		request.Header.Set("Idempotency-Key", fmt.Sprintf("shot-%d-%d", n, i))
		if shot.header[0] == "Authorization" {
			request.Header.Del("X-Buyer")
		}
		if shot.header[0] != "" {
			request.Header.Set(shot.header[0], shot.header[1])
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatalf("%s %s: %v", shot.method, shot.path, err)
		}
		var text bytes.Buffer
		_, err = text.ReadFrom(response.Body)
		if err := testkit.CloseBody(err, response.Body); err != nil {
			t.Fatal(err)
		}
		answers += text.String() + "\n"
	}
	return answers
}

// readFiles adds every file below a folder.
func readFiles(t *testing.T, folder string, into map[string]string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		into[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
