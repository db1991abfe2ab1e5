package actors

import (
	"testing"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
	"holdfast/storage/memstore"
)

// TestOfflineEngineNeverJudgesAPayment: P6. Nobody answers for a processor that is not there, however long the tool
// stays open: nothing is told, which would give the seats back.
func TestOfflineEngineNeverJudgesAPayment(t *testing.T) {
	var nobody till.Nobody
	for name, call := range map[string]func() (any, error){
		"charge":   func() (any, error) { return nobody.Charge(t.Context(), processor.Charge{Attempt: "p"}) },
		"lookup":   func() (any, error) { return nobody.Lookup(t.Context(), "p", "r") },
		"cancel":   func() (any, error) { return nobody.Cancel(t.Context(), "p", "r") },
		"refund":   func() (any, error) { return nobody.Refund(t.Context(), processor.Refund{ID: "p"}) },
		"refunded": func() (any, error) { return nobody.LookupRefund(t.Context(), processor.Refund{ID: "p"}) },
	} {
		if status, err := call(); status != any(processor.RefundUnknown) && status != any(processor.Answer{}) ||
			err == nil {
			t.Errorf("%s: %v, %v; want unknown, and why", name, status, err)
		}
	}
}

// TestEngineSaysWhoTakesMoney: an engine has a processor or is offline; with neither, or both, somebody forgot.
func TestEngineSaysWhoTakesMoney(t *testing.T) {
	for _, c := range []struct {
		bank    processor.Processor
		offline bool
		fine    bool
	}{{till.Nobody{}, false, true}, {nil, true, true}, {nil, false, false}, {till.Nobody{}, true, false}} {
		e, err := Open(t.Context(), Config{Store: memstore.New(), Processor: c.bank, Offline: c.offline})
		if (err == nil) != c.fine {
			t.Errorf("processor %v, offline %v: %v", c.bank, c.offline, err)
		}
		if err == nil {
			if err := e.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}
