package actors

import (
	"testing"

	"holdfast/actors/peer/wire"
	"holdfast/storage"
)

// TestAMessageThatNoNodeSendsIsAnError: of an unknown kind, of none, and cut short. The link ends the session with it.
func TestAMessageThatNoNodeSendsIsAnError(t *testing.T) {
	f := newFleet(t, 2)
	other := f.nodes[1].id
	subscribe := (&wire.Subscribe{Event: f.event}).Append(nil)
	for name, message := range map[string][]byte{
		"nothing": {}, "kind zero": {0}, "unknown kind": {0xff, 1, 2}, "cut short": subscribe[:len(subscribe)-1],
		"too long": append(subscribe, 1),
	} {
		if err := f.nodes[0].e.Received(other, message); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if err := f.nodes[0].e.Received(storage.WriterID{1}, subscribe[:len(subscribe):len(subscribe)]); err != nil {
		t.Errorf("a good message after them: %v", err)
	}
}
