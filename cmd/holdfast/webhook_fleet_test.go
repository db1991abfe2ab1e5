package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"holdfast/actors/checkout/sandbox"
	"holdfast/api/wire"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgtest"
)

const fleetSecret = "a secret of twenty bytes"

// webhook sends one as the sandbox would, and gives the answer's status and how long it took; 0: there was none.
func (n *fleetNode) webhook(secret, body string) (status int, took time.Duration) {
	n.t.Helper()
	request, err := http.NewRequestWithContext(n.t.Context(), "POST",
		"http://"+n.address+"/v1/payments/webhook/sandbox", bytes.NewReader([]byte(body)))
	if err != nil {
		n.t.Fatal(err)
	}
	request.Header.Set(sandbox.SignatureHeader, sandbox.Sign(secret, []byte(body), time.Now()))
	begun := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		n.t.Error(err)
		return 0, time.Since(begun)
	}
	_ = response.Body.Close() // nothing is read
	return response.StatusCode, time.Since(begun)
}

// sectionOf is a section of the event that a node serves, by its name; "": none yet.
func (n *fleetNode) sectionOf(event, node string) string {
	if all := n.sectionsOf(event, node); len(all) > 0 {
		return all[0]
	}
	return ""
}

func (n *fleetNode) sectionsOf(event, node string) (all []string) {
	var said wire.Cluster
	operator := map[string]string{"Authorization": "Bearer dev"}
	if askServer(n.t, "GET", "http://"+n.address+"/v1/cluster", "", operator, &said) != http.StatusOK {
		return nil
	}
	for _, s := range said.Sections {
		if s.Event == event && s.OwnerName == node && s.Sure {
			all = append(all, s.Section)
		}
	}
	return all
}

// sharedWith makes an event of which the other node has a section: of one event in 64 it has none.
func (n *fleetNode) sharedWith(other *fleetNode) (event, in string) {
	n.t.Helper()
	made := 0
	n.wait("the other node has a section", func() bool {
		if event == "" || len(n.sectionsOf(event, n.name)) == crashSections {
			made++
			event = n.createEventUnder(fmt.Sprint("create-", made))
		}
		in = n.sectionOf(event, other.name)
		return in != ""
	})
	return event, in
}

// passAway is a buyer who passes the bank's challenge in a browser, while no server of the shop is asked anything.
func passAway(t *testing.T, next string) {
	t.Helper()
	where, err := url.Parse(next)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	done, err := client.PostForm(next, url.Values{"answer": {"pass"}, "reference": where.Query()["reference"]})
	if err != nil {
		t.Fatal(err)
	}
	if err := testkit.CloseBody(nil, done.Body); err != nil || done.StatusCode/100 != 3 {
		t.Fatalf("the bank's page: %d %v", done.StatusCode, err)
	}
}

// TestWebhooksAreTakenWhileTheSectionsNodeIsGone guards P6: a webhook, and its duplicates, are answered 200 within a
// second while the node of the booking's section is stopped or killed; once another node has the section, the booking
// is what the processor said.
func TestWebhooksAreTakenWhileTheSectionsNodeIsGone(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"stopped": syscall.SIGSTOP, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) { webhooksWithoutANode(t, signal) })
	}
}

func webhooksWithoutANode(t *testing.T, signal syscall.Signal) {
	database, secret := pgtest.Database(t), testkit.WriteFile(t, "hook", fleetSecret+"\n")
	f := newFleet(t)
	here, away := f.clustered(database), f.clustered(database)
	_, bank := startSandbox(t, filepath.Join(t.TempDir(), "payments.jsonl"), "--webhook",
		"http://"+here.address+"/v1/payments/webhook/sandbox", "--webhook-secret-file", secret)
	for _, n := range f.members {
		n.more = append(n.more, "--payments", "sandbox-url", "--sandbox-url", bank.Address(),
			"--sandbox-webhook-secret-file", secret)
		n.mustStart()
	}
	event, in := here.sharedWith(away)
	held, err := here.askOnce("alice", "POST", "/v1/events/"+event+"/bookings", "hold",
		fmt.Sprintf(`{"seats":["%s-1-1"]}`, in))
	if err != nil || held.status != http.StatusCreated {
		t.Fatalf("hold: %v %+v", err, held)
	}
	alice := map[string]string{"X-Buyer": "alice", "Idempotency-Key": "pay"}
	var paying wire.Booking
	status := askServer(t, "POST", "http://"+here.address+"/v1/bookings/"+held.ID+"/confirm",
		`{"payment_token":"tok_challenge"}`, alice, &paying)
	if status != http.StatusAccepted || paying.NextAction == nil {
		t.Fatalf("pay: %d %+v", status, paying)
	}
	if err := away.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	passAway(t, paying.NextAction.URL)
	hint := `{"id":"evt_7","type":"payment.opened","attempt":"` + held.ID + `-1"}`
	for range 3 {
		if status, took := here.webhook(fleetSecret, hint); status != http.StatusOK || took > time.Second {
			t.Errorf("answered %d after %v", status, took)
		}
	}
	if status, took := here.webhook("nobody's secret of ours", hint); status != http.StatusBadRequest ||
		took > time.Second {
		t.Errorf("a forged one: %d after %v", status, took)
	}
	here.wait("the booking is sold", func() bool {
		now, err := here.askOnce("alice", "GET", "/v1/bookings/"+held.ID, "", "")
		return err == nil && now.State == "confirmed"
	})
	if signal == syscall.SIGSTOP {
		if err := away.command.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	if code, out := tool(t, "audit", "--store", database); code != exitOK {
		t.Errorf("audit: %d\n%s", code, out)
	}
}
