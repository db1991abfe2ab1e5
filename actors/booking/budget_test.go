package booking

import (
	"testing"

	"holdfast/actors/budget"
	"holdfast/storage"
)

// TestBudgets holds what every answer does with ids and codes against its allocations.
func TestBudgets(t *testing.T) {
	budget.Check(t, raceDetector, []budget.Path{
		budget.Exact("ticket's code", 1000, 1000, codePath), // the text
		budget.Exact("booking's id in text", 1000, 1000, idPath),
		budget.Exact("booking's id read from text", 1000, 1000, parseIDPath), // inside base32, which drops line ends
	})
}

func codePath(testing.TB) func() {
	codes := NewTicketCodes([32]byte{1})
	id, seat := ticketOf(1)
	return func() { codes.Code(id, seat) }
}

func idPath(t testing.TB) func() {
	id, _ := ticketOf(1)
	return func() {
		if len(id.String()) != idTextSize {
			t.Fatal("an id of another length")
		}
	}
}

func parseIDPath(t testing.TB) func() {
	id, _ := ticketOf(1)
	text := AppendID(nil, id)
	return func() {
		if got, ok := ParseID(text); !ok || got != id {
			t.Fatal("an id was not read back")
		}
	}
}

// FuzzBookingID: whatever comes, nothing panics, and what is read is written as it was.
func FuzzBookingID(f *testing.F) {
	f.Add([]byte(ID{storage.SectionKey{Event: storage.EventID{7, 1}, Section: 3}, 5}.String()))
	f.Fuzz(func(t *testing.T, text []byte) {
		budget.Reading{PerByte: 8}.Check(t, len(text), func() { ParseID(text) })
		if id, ok := ParseID(text); ok && id.String() != string(text) {
			t.Errorf("%q reads as %q", text, id)
		}
	})
}
