package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/checkout/sandbox/remote"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgtest"
)

// cardsOfTests are numbers that processors publish for tests, of every network, as people write them.
var cardsOfTests = []string{
	"4242424242424242", "4111 1111 1111 1111", "4000-0000-0000-3220", "5555555555554444", "2223003122003222",
	"378282246310005", "6011111111111117", "3566002020360505", "30569309025904", "6200000000000005",
}

// cardHouse is a server, and where whatever it keeps can be looked into.
type cardHouse struct {
	*process
	log    *lockedLog
	secret string            // that webhooks are signed with
	bank   *remote.Client    // the sandbox's server; nil: the sandbox is inside
	keeps  func(into places) // what stands in the stores and books
}

// places are texts by where they stand.
type places map[string]string

// TestP12NoCardNumberIsKeptAnywhere guards P12: every test number goes through every door of a real server, webhooks
// that are signed, trace contexts and payment tokens among them, and through those of the sandbox's server. None is in
// an answer, a metric, a log line, a store of either kind, the books, or what the tools print of them.
func TestP12NoCardNumberIsKeptAnywhere(t *testing.T) {
	t.Run("embedded, sandbox inside", func(t *testing.T) { noCardIsKept(t, cardsEmbedded(t)) })
	t.Run("PostgreSQL, sandbox's server", func(t *testing.T) { noCardIsKept(t, cardsInDatabase(t)) })
}

func newCardHouse(t *testing.T, flag, where string) *cardHouse {
	t.Helper()
	h := &cardHouse{process: newProcess(t, buildBinary(t), flag, where), log: &lockedLog{},
		secret: "a secret of twenty bytes"}
	h.errs, h.level = h.log, "debug"
	return h
}

func cardsEmbedded(t *testing.T) *cardHouse {
	t.Helper()
	data := t.TempDir()
	h := newCardHouse(t, "--data", data)
	h.keeps = func(into places) { readFiles(t, data, into) }
	return h
}

func cardsInDatabase(t *testing.T) *cardHouse {
	t.Helper()
	database, books := pgtest.Database(t), t.TempDir()
	h := newCardHouse(t, "--store", database)
	secret := testkit.WriteFile(t, "hook", h.secret+"\n")
	_, h.bank = startSandbox(t, filepath.Join(books, "payments.jsonl"), "--webhook",
		"http://"+h.address+"/v1/payments/webhook/sandbox", "--webhook-secret-file", secret)
	h.more = append([]string{"--payments", "sandbox-url", "--sandbox-url", h.bank.Address(),
		"--sandbox-webhook-secret-file", secret}, untiring...)
	h.keeps = func(into places) {
		readFiles(t, books, into)
		readTables(t, database, into)
	}
	return h
}

func noCardIsKept(t *testing.T, h *cardHouse) {
	t.Helper()
	if err := h.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.command.Process.Kill() }) // it has ended where all went well
	event := h.createEvent()
	held := h.held(t, event, "hold", "A-1-1")
	all := places{}
	for n, card := range cardsOfTests {
		all["answers"] += throughEveryDoor(t, h.process, event, held, card, n) + h.throughTheBank(t, held, card)
	}
	_, all["metrics"] = testkit.Get(t, "http://"+h.address+"/metrics")
	paid, err := h.askOnce("alice", "POST", "/v1/bookings/"+h.held(t, event, "again", "A-1-3")+"/confirm", "pay",
		`{"payment_token":"tok_ok"}`)
	if err != nil || paid.status != http.StatusOK {
		t.Errorf("afterwards it cannot be paid: %v %+v", err, paid)
	}
	if err := h.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := h.command.Wait(); err != nil {
		t.Errorf("told to stop: %v", err)
	}
	for _, tool := range [][]string{{"log"}, {"audit"}, {"audit", "--json"}} {
		printed, err := exec.Command(h.binary, append(tool, h.where[:]...)...).CombinedOutput()
		if err != nil {
			t.Errorf("holdfast %s: %v\n%s", tool, err, printed)
		}
		all["holdfast "+tool[0]] += string(printed)
	}
	all["log"] = h.log.String()
	for _, place := range []string{"answers", "metrics", "log", "holdfast log", "holdfast audit"} {
		if len(all[place]) == 0 {
			t.Errorf("there were no %s to look into", place)
		}
	}
	said := len(all)
	if h.keeps(all); len(all) == said {
		t.Error("there was no store to look into")
	}
	all.haveNoCards(t)
}

// haveNoCards looks for every number, as it was sent, as its digits, and as a database tells bytes.
func (p places) haveNoCards(t *testing.T) {
	t.Helper()
	for place, text := range p {
		for _, card := range cardsOfTests {
			compact := strings.NewReplacer(" ", "", "-", "").Replace(card)
			for _, spelt := range []string{card, compact, hex.EncodeToString([]byte(compact))} {
				if at := strings.Index(text, spelt); at >= 0 {
					t.Errorf("P12: %s stands in %s: …%q…", card, place, text[max(0, at-60):at])
				}
			}
		}
	}
}

// held is a booking of alice's.
func (h *cardHouse) held(t *testing.T, event, key, seat string) string {
	t.Helper()
	held, err := h.askOnce("alice", "POST", "/v1/events/"+event+"/bookings", key, `{"seats":["`+seat+`"]}`)
	if err != nil || held.status != http.StatusCreated {
		t.Fatalf("hold: %v %+v", err, held)
	}
	return held.ID
}

// throughTheBank sends a number to the sandbox's own server, as a token, and as a webhook that is signed, which is
// taken.
func (h *cardHouse) throughTheBank(t *testing.T, booking, card string) (answers string) {
	t.Helper()
	if h.bank == nil {
		return ""
	}
	attempt := processor.AttemptID(booking + "-1")
	ref, err := h.bank.Open(
		t.Context(), processor.Opening{Attempt: attempt, Booking: booking, Amount: 100, Currency: "EUR"},
	)
	if err != nil {
		t.Fatal(err)
	}
	said, err := h.bank.Charge(
		t.Context(),
		processor.Charge{Attempt: attempt, Reference: ref, Token: card, Return: "http://x"},
	)
	answers = fmt.Sprintf("%+v %v\n", said, err)
	body := `{"id":"evt_` + card + `","type":"payment.opened","attempt":"` + card + `","card":"` + card + `"}`
	request, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+h.address+"/v1/payments/webhook/sandbox",
		strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(sandbox.SignatureHeader, sandbox.Sign(h.secret, []byte(body), time.Now()))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	_, err = text.ReadFrom(response.Body)
	if err := testkit.CloseBody(err, response.Body); err != nil {
		t.Fatal(err)
	}
	return answers + text.String()
}

// readTables adds every table of a database, as text.
func readTables(t *testing.T, address string, into places) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }() // nothing was written
	texts := func(query string) (all []string) {
		rows, err := conn.Query(t.Context(), query)
		if err == nil {
			all, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return all
	}
	for _, table := range texts(`SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = 'public'`) {
		into["table "+table] = strings.Join(texts("SELECT t::TEXT FROM "+pgx.Identifier{table}.Sanitize()+" t"), "\n")
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
		{"POST", "/v1/events/" + event + "/bookings", [2]string{"traceparent",
			"00-" + strings.Repeat("a", 32) + "-" + (compact + "0000")[:16] + "-01"}, `{"seats":["A-1-2"]}`},
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
func readFiles(t *testing.T, folder string, into places) {
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
