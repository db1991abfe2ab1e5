package storage

import (
	"errors"
	"testing"
	"time"

	"holdfast/actors/section"
)

// Written by the build before venue times were kept. It must be read for ever, and, changed in nothing, be written the
// same.
const eventBeforeVenueTimes = `{"ID":"0192f0c4-0000-7000-8000-000000000001","Name":"Night","StartsAt":1906572600000,"CreatedAt":1700000000123,"Currency":"ABC","Sale":"open",` +
	`"Rules":{"HoldTTL":600000,"HoldCeiling":1200000,"SeatsPerBookingMax":8,"SeatsPerBuyerMax":8,"RefuseOrphans":false,"DedupeWindow":86400000,"DedupeCountMin":10000},` +
	`"Prices":{"Stalls":4500},"Sections":[{"ID":"A","Name":"A","Seats":20}],"Create":[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"CreateFingerprint":7}`

// Kind: stored data of an earlier build that is not read, or is read as something else.
func TestEventOfAnEarlierBuild(t *testing.T) {
	e, err := DecodeEvent([]byte(eventBeforeVenueTimes))
	if err != nil {
		t.Fatal(err)
	}
	if end, some := e.SaleEnd(); !some || end != e.StartsAt || e.Zone() != time.UTC ||
		MinutesAhead(e.Zone(), e.StartsAt) != 0 {
		t.Errorf("its sale ends at %d (%v), its clock is %v", end, some, e.Zone())
	}
	if again, err := EncodeEvent(e); err != nil || string(again) != eventBeforeVenueTimes {
		t.Errorf("written as %s, %v", again, err)
	}
}

func TestZoneOfAnEvent(t *testing.T) {
	summer, winter := section.Instant(1906572600000), section.Instant(1922470200000) // of 2030
	for _, row := range []struct {
		event          Event
		summer, winter int16
	}{
		{Event{}, 0, 0},
		{Event{StartsMinutes: -210}, -210, -210},
		{Event{StartsMinutes: 120, TimeZone: "Europe/Berlin"}, 120, 60},
		{Event{StartsMinutes: 120, TimeZone: "Mars/Olympus_Mons"}, 120, 120}, // of a newer build
	} {
		zone := row.event.Zone()
		if s, w := MinutesAhead(zone, summer), MinutesAhead(zone, winter); s != row.summer || w != row.winter {
			t.Errorf("%+v: %d and %d minutes, want %d and %d", row.event, s, w, row.summer, row.winter)
		}
	}
	if _, some := (&Event{}).SaleEnd(); some {
		t.Error("an event without times ends")
	}
	for _, name := range []string{"", "Local", "localtime", "posixrules", "right/UTC", "posix/UTC", "../UTC", "No/Where"} {
		if zone, err := LoadZone(name); !errors.Is(err, ErrZone) {
			t.Errorf("%q is %v, %v", name, zone, err)
		}
	}
}
