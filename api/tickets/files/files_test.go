package files

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	qrcode "github.com/piglig/go-qr"

	"holdfast/actors/booking"
	"holdfast/actors/price"
	"holdfast/actors/ticketing"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

const sampleCode = "TEAAEAABAIBQIBIGA4EASCQLBQGQ4DYAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAANRQ5Z6XEAK5O5JYXPGEB" +
	"3EH2NU4DM2JTK2V7DS6PVY2QZL35ZKOVVKLFVYXKQ5JQKQWJN3XHGJYB3ZCG5KQH2VKQZPLT5BHTTYAAAA"

func sampleTickets(name, zone string) *ticketing.Tickets {
	e := &storage.Event{Name: name, TimeZone: zone, Currency: "EUR", StartsAt: 1_906_587_000_000,
		CreatedAt: 1_700_000_000_000}
	out := &ticketing.Tickets{Booking: booking.ID{No: 7}, Event: &ticketing.Event{Header: e, Zone: e.Zone()}}
	for n, state := range []ticketing.State{ticketing.Valid, ticketing.Void, ticketing.Admitted} {
		t := ticketing.Ticket{
			No:    n + 1,
			ID:    "0.7.0.1",
			State: state,
			Place: ticketing.Place{Seat: "A-1-1", Section: name,
				Category: "Best", Price: &price.Price{Face: 4500}},
		}
		if state != ticketing.Void {
			t.Code = sampleCode
		}
		out.Tickets = append(out.Tickets, t)
	}
	return out
}

// TestCodesAreSmallAndReadBack: the picture of a code is of version 7, which old readers take, and a reader finds in it
// what was drawn.
func TestCodesAreSmallAndReadBack(t *testing.T) {
	if len(sampleCode) != 164 {
		t.Fatalf("the sample has %d signs", len(sampleCode))
	}
	qr, err := encode(sampleCode)
	if err != nil || qr.Size() != 45 {
		t.Fatalf("a code of %d modules: %v", qr.Size(), err)
	}
	raw, err := PNG(sampleCode)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := qrcode.Decode(picture); err != nil || got != sampleCode {
		t.Errorf("read back as %q: %v", got, err)
	}
}

// TestFilesAreTheSameEveryTime: whatever the names are, the file is made, with a page for each valid ticket, and the
// same tickets give the same bytes.
func TestFilesAreTheSameEveryTime(t *testing.T) {
	for _, name := range []string{
		"Night One", "", strings.Repeat("very long ", 100), "Ünïcödé – „ja“", "🎭 عرض 演出 \u202e",
		"\x00\x1b[31m\xff", strings.Repeat("x", 2000)} {
		one, err := PDF(sampleTickets(name, "Europe/Berlin"))
		if err != nil {
			t.Errorf("%.20q: %v", name, err)
			continue
		}
		two, err := PDF(sampleTickets(name, "Europe/Berlin"))
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("%.20q: %d and %d bytes: %v", name, len(one), len(two), err)
		}
		if pages := bytes.Count(one, []byte("/Type /Page\n")); pages != 2 {
			t.Errorf("%.20q: %d pages", name, pages)
		}
	}
}

// TestCalendarsSayWhen: by the venue's clock where it is known, else in UTC; a line is never broken by a name.
func TestCalendarsSayWhen(t *testing.T) {
	for zone, want := range map[string]string{"Europe/Berlin": "2030-06-02T01:30:00+02:00", "": "2030-06-01T23:30:00Z",
		"America/St_Johns": "2030-06-01T21:00:00-02:30", "Asia/Kathmandu": "2030-06-02T05:15:00+05:45"} {
		text := Calendar(sampleTickets("Night; One,\nBEGIN:VALARM \\ „ja“ "+strings.Repeat("ü", 90), zone))
		cal, err := ics.ParseCalendar(strings.NewReader(text))
		if err != nil || len(cal.Events()) != 1 {
			t.Fatalf("%s: %v\n%s", zone, err, text)
		}
		event := cal.Events()[0]
		at, err := event.GetStartAt()
		if err != nil || !at.Equal(moment(t, want)) {
			t.Errorf("%s: it begins at %v, want %s: %v", zone, at, want, err)
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
			if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
				t.Errorf("%s: a line of %d bytes: %q", zone, len(line), line)
			}
		}
		if strings.Contains(text, "\r\nBEGIN:VALARM") || zone != "" && !strings.Contains(text, "\r\nTZOFFSETTO:") {
			t.Errorf("%s: %s", zone, text)
		}
	}
	off := sampleTickets("Night One", "")
	off.Event.Header.Sale = storage.SaleCancelled
	off.Event.Header.Cancelled = &onsale.Cancellation{}
	if text := Calendar(off); !strings.Contains(text, "STATUS:CANCELLED") {
		t.Errorf("a cancelled event: %s", text)
	}
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
