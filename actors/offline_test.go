package actors

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/checkout"
	"holdfast/storage/memstore"
)

// TestOfflineEngineNeverJudgesAPayment: P6. Nobody answers for a processor that is not there, however long the tool
// stays open: not even "never seen", which would give the seats back.
func TestOfflineEngineNeverJudgesAPayment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := func(context.Context, checkout.PaymentID, checkout.Status) error {
			t.Error("a payment was settled")
			return nil
		}
		r := checkout.NewReconciler(noGateway{}, gone)
		r.Add("e.1.1")
		ctx, cancel := context.WithTimeout(t.Context(), 72*time.Hour)
		defer cancel()
		r.Run(ctx)
		if r.Open() != 1 {
			t.Errorf("%d payments are open, want 1", r.Open())
		}
	})
	for _, call := range []func() (checkout.Status, error){
		func() (checkout.Status, error) { return noGateway{}.Charge(t.Context(), checkout.Charge{ID: "p"}) },
		func() (checkout.Status, error) { return noGateway{}.Refund(t.Context(), "p") },
	} {
		if status, err := call(); status != checkout.Unknown || err == nil {
			t.Errorf("%v, %v; want unknown, and why", status, err)
		}
	}
}

// TestEngineSaysWhoTakesMoney: an engine has a processor or is offline; with neither, or both, somebody forgot.
func TestEngineSaysWhoTakesMoney(t *testing.T) {
	for _, c := range []struct {
		gateway checkout.Gateway
		offline bool
		fine    bool
	}{{noGateway{}, false, true}, {nil, true, true}, {nil, false, false}, {noGateway{}, true, false}} {
		e, err := Open(t.Context(), Config{Store: memstore.New(), Gateway: c.gateway, Offline: c.offline})
		if (err == nil) != c.fine {
			t.Errorf("gateway %v, offline %v: %v", c.gateway, c.offline, err)
		}
		if err == nil {
			if err := e.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}
