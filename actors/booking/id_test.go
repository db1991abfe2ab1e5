package booking

import (
	"testing"

	"holdfast/storage"
)

func TestBookingIDs(t *testing.T) {
	id := ID{No: 1<<63 + 5}
	id.Section.Section = 1 << 31
	for i := range id.Section.Event {
		id.Section.Event[i] = byte(i * 17)
	}
	text := AppendID(nil, id)
	if back, ok := ParseID(text); !ok || back != id || len(text) != idTextSize {
		t.Fatalf("%s %v %v", text, back, ok)
	}
	for i := range text { // one wrong character anywhere is noticed
		wrong := append([]byte(nil), text...)
		wrong[i] = 'a' + (wrong[i]-'a'+1)%26
		if text[i] == wrong[i] {
			continue
		}
		if _, ok := ParseID(wrong); ok {
			t.Errorf("%s taken", wrong)
		}
	}
	uuid := id.Section.Event.Append(nil)
	if string(uuid) != id.Section.Event.String() {
		t.Fatalf("%s", uuid)
	}
	if back, ok := storage.EventIDFromText(uuid); !ok || back != id.Section.Event {
		t.Fatal("an event id does not come back")
	}
}
