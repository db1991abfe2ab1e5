package actors

import (
	"testing"

	"holdfast/storage"
)

func TestBookingIDs(t *testing.T) {
	id := BookingID{No: 1<<63 + 5}
	id.Section.Section = 1 << 31
	for i := range id.Section.Event {
		id.Section.Event[i] = byte(i * 17)
	}
	text := AppendBookingID(nil, id)
	if back, ok := ParseBookingID(text); !ok || back != id || len(text) != bookingTextSize {
		t.Fatalf("%s %v %v", text, back, ok)
	}
	for i := range text { // one wrong character anywhere is noticed
		wrong := append([]byte(nil), text...)
		wrong[i] = 'a' + (wrong[i]-'a'+1)%26
		if text[i] == wrong[i] {
			continue
		}
		if _, ok := ParseBookingID(wrong); ok {
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
