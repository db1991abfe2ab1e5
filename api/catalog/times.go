package catalog

import (
	"holdfast/actors/section"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/storage"
)

// setTimes reads when the show begins, when its sale ends, and whose clock says so.
//
// An offset that the time zone does not have at that moment is refused: one of the two is a mistake, and a guess would
// put the show at another hour (RFC 9557, section 3.4, leaves such a conflict to people). Z goes with every zone: there
// it says the moment, and nothing of the place.
func setTimes(event *storage.Event, body *wire.CreateEvent) error {
	starts := *body.StartsAt
	event.StartsAt, event.StartsMinutes = section.Instant(starts.Time), starts.Minutes
	event.SaleEndsAt = max(event.StartsAt, 1) // 0 is an event without an end
	if body.SaleEndsAt != nil {
		event.SaleEndsAt = max(section.Instant(body.SaleEndsAt.Time), 1)
	}
	if body.TimeZone == nil {
		return nil
	}
	zone, err := storage.LoadZone(*body.TimeZone)
	if err != nil {
		return problem.InvalidField("time_zone", "must be a name of the IANA time zone database, such as Europe/Berlin")
	}
	event.TimeZone = *body.TimeZone
	there := storage.MinutesAhead(zone, event.StartsAt)
	if !starts.Zulu && starts.Minutes != there {
		right := wire.OffsetTime{Time: starts.Time, Minutes: there}
		return problem.InvalidField("starts_at",
			"has another offset than time_zone has then; the same moment there is "+right.String())
	}
	event.StartsMinutes = there
	atEnd := storage.MinutesAhead(zone, event.SaleEndsAt)
	if ends := body.SaleEndsAt; ends != nil && !ends.Zulu && ends.Minutes != atEnd {
		right := wire.OffsetTime{Time: ends.Time, Minutes: atEnd}
		return problem.InvalidField("sale_ends_at",
			"has another offset than time_zone has then; the same moment there is "+right.String())
	}
	return nil
}
