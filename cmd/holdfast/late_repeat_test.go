package main

import (
	"net/http"
	"testing"
)

// sale turns the switch, and says what the sale should be then.
func (p *process) sale(event, key, state, want string) {
	p.t.Helper()
	got, err := p.askOnce("", "POST", "/v1/events/"+event+"/sale", key, `{"state":"`+state+`"}`)
	if err != nil || got.status != http.StatusOK || got.Sale != want {
		p.t.Errorf("P5: %s under key %s: %v %d, the sale is %q, want %q", state, key, err, got.status, got.Sale, want)
	}
}

// TestKillNineDoesNotForgetOperatorsKeys: P5. A pause comes back late, after the sale was opened again and the server
// was killed: buyers go on buying. An event that was deleted stays so, under the keys that made and deleted it too.
func TestKillNineDoesNotForgetOperatorsKeys(t *testing.T) {
	p := newProcess(t, buildBinary(t), "--data", t.TempDir())
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	defer p.kill()
	event := p.createEvent()
	p.sale(event, "pause-1", "paused", "paused")
	p.sale(event, "open-1", "open", "open")
	for round := range 2 {
		p.sale(event, "pause-1", "paused", "open")
		if got, err := p.askOnce("alice", "POST", "/v1/events/"+event+"/bookings", "hold-"+string('1'+rune(round)),
			`{"best_available":{"quantity":1}}`); err != nil ||
			got.status != http.StatusCreated {
			t.Errorf("the on-sale has stopped: %v %+v", err, got)
		} else if got, err := p.askOnce("alice", "DELETE", "/v1/bookings/"+got.ID, "release-"+got.ID, ""); err != nil ||
			got.status != http.StatusOK {
			t.Errorf("release: %v %+v", err, got)
		}
		p.kill()
		if err := p.start(); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if got, err := p.askOnce("", "DELETE", "/v1/events/"+event, "delete-1", ""); err != nil ||
			got.status != http.StatusOK || got.Sale != "deleted" {
			t.Errorf("P5: delete: %v %+v", err, got)
		}
		if got, err := p.askOnce("", "POST", "/v1/events/"+event+"/sale", "open-2", `{"state":"open"}`); err != nil ||
			got.status != http.StatusNotFound {
			t.Errorf("opened after it was deleted: %v %+v", err, got)
		}
		p.kill()
		if err := p.start(); err != nil {
			t.Fatal(err)
		}
	}
	p.terminate()
	if code, out := tool(t, "audit", "--data", p.where[1]); code != exitOK {
		t.Errorf("audit of a deleted event: %d %s", code, out)
	}
}
