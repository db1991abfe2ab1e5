package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"holdfast/actors/audit"
	"holdfast/cmd/holdfast/testkit"
)

// crashMoments is how often the server is killed in a short form; HOLDFAST_CRASH_MOMENTS=50 makes it the whole.
const crashMoments = 8

// TestKillNineMoneyAgreesToTheCent guards P6: a server is killed at random moments while buyers pay at a sandbox of its
// own process, which stalls, loses answers and sends every webhook twice. At rest the processor's own list and the logs
// agree to the cent: charged = sold + refunded, and nothing is owed or on its way. And P15: whatever was sold by then
// is told by webhook and by mail, to receivers that stall and refuse, under one id; first deliveries come in order.
func TestKillNineMoneyAgreesToTheCent(t *testing.T) {
	moments := crashMoments
	if text := os.Getenv("HOLDFAST_CRASH_MOMENTS"); text != "" {
		var err error
		if moments, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	p := newProcess(t, buildBinary(t), "--data", t.TempDir())
	secret := testkit.WriteFile(t, "hook", fleetSecret+"\n")
	_, bank := startSandbox(t, filepath.Join(t.TempDir(), "payments.jsonl"), "--webhook",
		"http://"+p.address+"/v1/payments/webhook/sandbox", "--webhook-secret-file", secret)
	p.more = append(p.more[:len(p.more):len(p.more)], "--payments", "sandbox-url", "--sandbox-url", bank.Address(),
		"--sandbox-webhook-secret-file", secret)
	p.tokens = []string{"tok_ok", "tok_stall", "tok_unknown", "tok_webhook_twice", "tok_webhook_twice", "tok_slow"}
	p.bound = crashBound + time.Duration(moments)*3*time.Second
	outside := p.listen(crashBuyers)
	told := p.killedUnderLoad(moments)
	report := p.auditAtRest(bank.Address(), func() { outside.check(t, told.inState("confirmed")) })
	for _, f := range report.Findings {
		t.Error(f)
	}
	if len(report.Payments.Money) != 1 {
		t.Fatalf("P6: sums %+v", report.Payments.Money)
	}
	sum := report.Payments.Money[0]
	if sum.Charged == 0 || sum.Refunded == 0 || sum.Charged != sum.Sold+sum.Refunded || sum.Owed != 0 ||
		sum.InTransit != 0 {
		t.Errorf("P6: %+v; under way %v", sum, report.UnderWay)
	}
	t.Logf("%d kills: %+v", moments, sum)
}

// auditAtRest serves until nobody has to be asked any more, looks, stops, and audits with the processor's own list.
func (p *process) auditAtRest(bank string, look func()) (report audit.Report) {
	p.t.Helper()
	p.mu.Lock()
	p.up = make(chan struct{})
	p.mu.Unlock()
	if err := p.start(); err != nil {
		p.t.Fatal(err)
	}
	testkit.Eventually(p.t, "no payment is open", func() bool { return p.metric("holdfast_payments_open") == 0 })
	look()
	p.terminate()
	_, out := tool(p.t, "audit", p.where[0], p.where[1], "--payments", "sandbox-url", "--sandbox-url", bank, "--json")
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		p.t.Fatalf("%v: %s", err, out)
	}
	return report
}
