package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/actors/feed"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

func smallVenue(t *testing.T) []byte {
	t.Helper()
	v, err := venue.Parse([]byte(`{"sections":[{"id":"A","rows":[{"label":"1","seats":8}]},
		{"id":"B","rows":[{"label":"1","seats":8}]}]}`), venue.Options{Name: "small"})
	if err != nil {
		t.Fatal(err)
	}
	return v.Encode()
}

var errNobody = errors.New("nobody is there")

// TestP15AReceiverMayStallRefuseAndVanish: whatever it does, everything is taken in the end, at first in order.
func TestP15AReceiverMayStallRefuseAndVanish(t *testing.T) {
	for name, trouble := range map[string]func(id string, n int) (int, error){
		"refuses": always(500), "stalls": always(0), "redirects": always(302),
		"vanishes": func(string, int) (int, error) { return 0, errNobody },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				defer func() { h.close() }()
				h.write(0, 5)
				e := h.endpoint()
				rest(5 * time.Second)
				h.receiver.do(trouble)
				h.write(0, 20)
				h.write(1, 20)
				rest(time.Hour)
				if n := len(h.receiver.times); n < 40 || n > 250 {
					t.Errorf("in an hour of it there were %d requests", n)
				}
				if sum := h.service.Summary(); sum.Failing != 1 || sum.OldestFailing < 50*time.Minute {
					t.Errorf("it is told as %+v", sum)
				}
				h.receiver.do(nil)
				rest(3 * time.Hour)
				h.wantAllTaken()
				if sum := h.service.Summary(); sum.Failing != 0 || sum.Queued != 0 || sum.Enabled != 1 {
					t.Errorf("afterwards it is told as %+v", sum)
				}
				if left := h.deliveries(e.ID, Retrying); len(left) > 0 {
					t.Errorf("listed as tried again: %+v", left)
				}
			})
		})
	}
}

// TestP15AChangeThatCannotBeTakenHoldsUpNoOther: the next ones come at once, in order.
func TestP15AChangeThatCannotBeTakenHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.close()
		h.disableAfter = 48 * time.Hour // pauses are drawn: the last attempt may come hours after the third
		h.open()
		defer func() { h.close() }()
		e := h.endpoint()
		poison := h.id(0, 4)
		h.receiver.do(func(id string, n int) (int, error) {
			if id == poison {
				return http.StatusInternalServerError, nil
			}
			return http.StatusOK, nil
		})
		h.write(0, 10)
		rest(2 * time.Second)
		if first := h.receiver.first[fmt.Sprintf("%v/0", h.event)]; len(first) != 11 {
			t.Errorf("P15: after it came %v", first)
		}
		rest(12 * time.Hour)
		dead := h.deliveries(e.ID, Dead)
		if n := h.receiver.met[poison]; n < 6 || n > 15 || len(dead) != 1 || dead[0].Code != 500 {
			t.Fatalf("it was sent %d times, and is %+v", n, dead)
		}
		if h.service.Counts().Dead.Load() != 1 {
			t.Error("the dead one is not counted")
		}
		h.receiver.do(nil)
		d, ok := ParseDeliveryID(dead[0].ID())
		if _, err := h.service.Resend(t.Context(), d); !ok || err != nil {
			t.Fatal(ok, err)
		}
		rest(2 * time.Second)
		if !h.receiver.took[poison] || len(h.deliveries(e.ID, Delivered)) == 0 {
			t.Error("resent it does not come")
		}
	})
}

// TestP15NodesMayEndAnywhere: with and without a last word, while the receiver refuses every third request.
func TestP15NodesMayEndAnywhere(t *testing.T) {
	for after := 1; after < 60; after += 7 {
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t)
			defer func() { h.close() }()
			h.receiver.do(func(id string, n int) (int, error) {
				if n == 1 && strings.HasSuffix(id, "3/0") {
					return http.StatusServiceUnavailable, nil
				}
				return http.StatusOK, nil
			})
			h.endpoint()
			h.write(0, 30)
			h.write(1, 30)
			for round := range 3 {
				if round == 1 { // it dies: what it would save is lost
					h.store.Add(faultstore.Rule{Op: faultstore.OpCatalog, Do: faultstore.Fail, After: after})
				}
				rest(time.Duration(after) * 100 * time.Millisecond)
				h.close()
				h.store.Heal()
				h.open()
			}
			rest(time.Hour)
			h.wantAllTaken()
		})
	}
}

// TestAnEndpointThatIsGoneIsNotAskedAgain: 410 disables at once; enabled, it goes on from there.
func TestAnEndpointThatIsGoneIsNotAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.close()
		e := h.endpoint()
		h.receiver.do(always(http.StatusGone))
		h.write(0, 10)
		rest(time.Hour)
		now, err := h.service.Get(t.Context(), e.ID)
		if err != nil || now.Disabled != Gone || len(h.receiver.times) > 2 {
			t.Fatalf("%+v %v after %d requests", now, err, len(h.receiver.times))
		}
		h.receiver.do(nil)
		if _, err := h.service.Change(t.Context(), e.ID, (*Endpoint).Enable); err != nil {
			t.Fatal(err)
		}
		rest(time.Hour)
		h.wantAllTaken()
	})
}

// TestAnEndpointThatOnlyFailsIsDisabled: for as long as is allowed, counted over restarts.
func TestAnEndpointThatOnlyFailsIsDisabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer func() { h.close() }()
		e := h.endpoint()
		h.receiver.do(always(503))
		h.write(0, 3)
		rest(3 * time.Hour)
		h.close()
		h.open()
		h.write(0, 50)
		rest(90 * time.Minute)
		if now, err := h.service.Get(t.Context(), e.ID); err != nil || now.Disabled != "" {
			t.Fatalf("disabled too early: %+v %v", now, err)
		}
		rest(2 * time.Hour)
		if now, err := h.service.Get(t.Context(), e.ID); err != nil || now.Disabled != Failing {
			t.Fatalf("%+v %v", now, err)
		}
		n := len(h.receiver.times)
		rest(time.Hour)
		if len(h.receiver.times) != n {
			t.Error("a disabled one is asked")
		}
	})
}

// TestSecretsRotateSideBySide: the new and the one before sign until the overlap is over (judged by the library).
func TestSecretsRotateSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.close()
		e := h.endpoint()
		old := h.service.Secret(&e)
		verify := func(secret string) error {
			hook, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			return hook.Verify(h.receiver.body, h.receiver.last.Header)
		}
		h.write(0, 1)
		rest(2 * time.Second)
		if err := verify(old); err != nil || !strings.HasPrefix(old, "whsec_") {
			t.Fatal(err)
		}
		e, err := h.service.Change(t.Context(), e.ID, func(e *Endpoint) {
			e.Rotate(section.Instant(time.Now().Add(time.Hour).UnixMilli()))
		})
		if err != nil {
			t.Fatal(err)
		}
		newer := h.service.Secret(&e)
		h.write(0, 1)
		rest(3 * time.Second)
		if verify(old) != nil || verify(newer) != nil || newer == old {
			t.Error("in the overlap both sign")
		}
		rest(time.Hour)
		h.write(0, 1)
		rest(3 * time.Second)
		if verify(old) == nil || verify(newer) != nil {
			t.Error("after it the new one alone signs")
		}
		if h.receiver.last.Header.Get("Content-Type") != "application/cloudevents+json" {
			t.Error("another type of content")
		}
	})
}

// TestTheListOfDeliveriesIsBounded: by the second, and by age; what failed is always listed.
func TestTheListOfDeliveriesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.close()
		e := h.endpoint()
		bad := h.id(0, 300)
		h.receiver.do(func(id string, n int) (int, error) {
			if id == bad && n == 1 {
				return http.StatusTeapot, nil
			}
			return http.StatusOK, nil
		})
		h.write(0, 300)
		rest(30 * time.Second)
		h.wantAllTaken()
		list := h.deliveries(e.ID, 0)
		if n := len(list); n < 100 || n > 2*logPerSecond+2 || !slices.ContainsFunc(list, func(d Delivery) bool {
			return d.Ref.Seq == 300 && d.Attempts == 2
		}) {
			t.Errorf("%d are listed", n)
		}
		old := list[0]
		old.FirstAt = 1
		if err := h.store.SaveFeed(t.Context(), []storage.FeedItem{old.item()}); err != nil {
			t.Fatal(err)
		}
		h.write(0, 1)
		rest(2 * time.Minute)
		if after := h.deliveries(e.ID, 0); len(after) != len(list)+1 || after[len(after)-1].FirstAt == 1 {
			t.Errorf("%d are listed after the oldest was pruned", len(after))
		}
	})
}

// TestFiltersChooseWhatIsTold: by type, family and event.
func TestFiltersChooseWhatIsTold(t *testing.T) {
	e := Endpoint{Types: []string{"booking.*", "event.cancelled"}, Events: []storage.EventID{{1}}}
	for kind, want := range map[string]bool{"booking.held": true, "event.cancelled": true, "event.sale_opened": false,
		"bookings": false} {
		if e.Wants(storage.EventID{1}, kind) != want || e.Wants(storage.EventID{2}, kind) {
			t.Errorf("%s", kind)
		}
	}
	if !(&Endpoint{}).Wants(storage.EventID{9}, "seats.blocked") {
		t.Error("without a filter all is told")
	}
	for text, fine := range map[string]bool{"*": true, "booking.*": true, "booking.held": true, "booking*": false,
		"book.*": false, "": false, "x": false, "*.held": false} {
		if CheckType(text) != fine {
			t.Errorf("type %q", text)
		}
	}
}

// TestEndpointsAreBoundedAndMadeOnce: the same id is the same endpoint (P5).
func TestEndpointsAreBoundedAndMadeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.close()
		for i := range EndpointsMax {
			h.endpoint()
			if len(h.service.List()) != i+1 {
				t.Fatal("not listed")
			}
		}
		wish := Endpoint{URL: "http://shop.example/"}
		if _, err := h.service.Create(t.Context(), EndpointID{200}, wish, false); !errors.Is(err, ErrTooMany) {
			t.Errorf("one more: %v", err)
		}
		e, err := h.service.Create(t.Context(), EndpointID{1}, Endpoint{URL: "http://other.example/"}, false)
		if err != nil || e.URL != "http://shop.example/" {
			t.Errorf("the first once more: %+v %v", e, err)
		}
		if err := h.service.Delete(t.Context(), EndpointID{1}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.service.Get(t.Context(), EndpointID{1}); !errors.Is(err, ErrUnknownEndpoint) {
			t.Errorf("deleted it is %v", err)
		}
	})
}

// TestItemsAreWhatTheyWere: later builds read what this one keeps.
func TestItemsAreWhatTheyWere(t *testing.T) {
	d := Delivery{
		Endpoint: EndpointID{1},
		Ref: feed.Ref{Shard: storage.SectionKey{Event: storage.EventID{2}, Section: 3},
			Seq: 4, N: 5},
		FirstAt:  6,
		State:    Retrying,
		Attempts: 7,
		LastAt:   8,
		Code:     503,
		Latency:  9,
		Due:      10,
		Fault:    Timeout,
	}
	e := Endpoint{ID: EndpointID{1}, URL: "https://shop.example/", Types: []string{"booking.*"},
		Events: []storage.EventID{
			{2},
		}, CreatedAt: 1, Since: 2, Generation: 3, Overlap: 4, Disabled: Gone, DisabledAt: 5}
	const ref = "02000000000000000000000000000000" + "00000003" + "0000000000000004" + "0005"
	const id = "01000000000000000000000000000000"
	const value = "01" + "02" + "0007" + "0000000000000008" + "01f7" + "00000009" + "000000000000000a" + "03"
	for name, c := range map[string]struct {
		item storage.FeedItem
		want string
	}{
		"delivery": {d.item(), "7764" + id + "0000000000000006" + ref + "=" + value},
		"retry":    {d.retryItem(), "7772" + id + ref + "=" + "0000000000000006" + value},
	} {
		if got := fmt.Sprintf("%x=%x", c.item.Key, c.item.Value); got != c.want {
			t.Errorf("%s is\n%s, not\n%s", name, got, c.want)
		}
	}
	if got := string(e.item().Value); got != `{"url":"https://shop.example/","types":["booking.*"],`+
		`"events":["02000000-0000-0000-0000-000000000000"],"created_at":1,"since":2,"generation":3,"overlap":4,`+
		`"disabled":"gone","disabled_at":5}` {
		t.Errorf("an endpoint is %s", got)
	}
	back, err := decodeRetry(d.retryItem())
	if err != nil || back != d {
		t.Errorf("a retry comes back as %+v, %v", back, err)
	}
	again, err := decodeEndpoint(e.item())
	if err != nil || fmt.Sprint(*again) != fmt.Sprint(e) {
		t.Errorf("an endpoint comes back as %+v, %v", again, err)
	}
	if SecretText(secretOf([32]byte{1}, EndpointID{2}, 3)) != goldenSecret {
		t.Errorf("a secret is %s", SecretText(secretOf([32]byte{1}, EndpointID{2}, 3)))
	}
	for _, bad := range []string{"", "dlv_", "dlv_AAAA", strings.TrimPrefix(d.ID(), "dlv_"), d.ID() + "A"} {
		if _, ok := ParseDeliveryID(bad); ok {
			t.Errorf("%q is read", bad)
		}
	}
	if got, ok := ParseEndpointID(e.ID.String()); !ok || got != e.ID || slices.ContainsFunc([]string{"", "we_", "we_0",
		strings.ToUpper(e.ID.String())}, func(s string) bool { _, ok := ParseEndpointID(s); return ok }) {
		t.Error("ids of endpoints")
	}
}

const goldenSecret = "whsec_qRMfXonddGHPmTVMBpW+PRjmIN8AzWnsfxko9Bp3CdI="
