package history

import (
	"encoding/json"
	"os"
	"testing"
)

// TestEveryStateOfABookingIsWeighed (P3): what a success with each state that the server has proves; a state that is
// added has to be thought of.
func TestEveryStateOfABookingIsWeighed(t *testing.T) {
	text, err := os.ReadFile("../../../api/openapi.json")
	var document struct {
		Components struct {
			Schemas struct {
				Booking struct {
					Properties struct{ State struct{ Enum []string } }
				}
			}
		}
	}
	if err == nil {
		err = json.Unmarshal(text, &document)
	}
	states := document.Components.Schemas.Booking.Properties.State.Enum
	if err != nil || len(states) < 6 {
		t.Fatalf("%v: only the states %q", err, states)
	}
	proves := map[string]struct{ confirm, release Verdict }{
		"held": {Unknown, Unknown}, "paying": {Unknown, Unknown}, "confirming": {Unknown, Unknown},
		"confirmed": {Done, Unknown}, "released": {Unknown, Done}, "refunded": {Unknown, Done},
		"expired": {Unknown, Ended}, "exchanged": {Unknown, Unknown}, // nobody in a history exchanges seats
	}
	for _, state := range states {
		want, known := proves[state]
		if !known {
			t.Errorf("nobody has said what %q proves", state)
		}
		a := Answer{Status: 200, State: []byte(state)}
		if confirm, release := a.Verdict(Confirm), a.Verdict(Release); confirm != want.confirm ||
			release != want.release {
			t.Errorf("%q: a confirmation is %v, a release or refund %v", state, confirm, release)
		}
	}
}
