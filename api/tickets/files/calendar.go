package files

import (
	"fmt"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"holdfast/actors/ticketing"
	"holdfast/storage"
)

const calendarStamp = "20060102T150405"

// Calendar is an event with its seats, by the venue's clock. How long the event takes nobody has said, so the file
// does not either.
func Calendar(all *ticketing.Tickets) string {
	e := all.Event.Header
	cal := ics.NewCalendarFor("Holdfast")
	cal.SetMethod(ics.MethodPublish)
	event := cal.AddEvent(all.Booking.String() + "@holdfast")
	event.SetDtStampTime(time.UnixMilli(int64(e.CreatedAt)).UTC())
	event.SetSummary(e.Name)
	var seats []string
	for i := range all.Tickets {
		if t := &all.Tickets[i]; t.State != ticketing.Void {
			seats = append(seats, t.Section+", "+t.Seat)
		}
	}
	event.SetDescription(strings.Join(seats, "\n"))
	event.SetStatus(ics.ObjectStatusConfirmed)
	if !all.Valid() || e.Sale.Off() {
		event.SetStatus(ics.ObjectStatusCancelled)
	}
	startIn(cal, event, e)
	return cal.Serialize(ics.WithNewLineWindows)
}

// startIn says when the event begins: in its venue's zone, with the zone's offset on that day, or in UTC.
func startIn(cal *ics.Calendar, event *ics.VEvent, e *storage.Event) {
	at := time.UnixMilli(int64(e.StartsAt)).UTC()
	if e.TimeZone == "" {
		event.SetProperty(ics.ComponentPropertyDtStart, at.Format(calendarStamp)+"Z")
		return
	}
	minutes := int(storage.MinutesAhead(e.Zone(), e.StartsAt))
	sign, ahead := '+', minutes
	if minutes < 0 {
		sign, ahead = '-', -minutes
	}
	offset := fmt.Sprintf("%c%02d%02d", sign, ahead/60, ahead%60)
	zone := cal.AddTimezone(e.TimeZone)
	standard := zone.AddStandard()
	standard.SetProperty(ics.ComponentPropertyDtStart, "19700101T000000")
	standard.SetProperty(ics.ComponentProperty(ics.PropertyTzoffsetfrom), offset)
	standard.SetProperty(ics.ComponentProperty(ics.PropertyTzoffsetto), offset)
	local := at.Add(time.Duration(minutes) * time.Minute)
	event.SetProperty(ics.ComponentPropertyDtStart, local.Format(calendarStamp), ics.WithTZID(e.TimeZone))
}
