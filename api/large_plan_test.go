package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/actors/venue"
	"holdfast/api/listen"
	"holdfast/api/wire"
)

// The promised 200,000 seats pass the door in a format of many words, numbered with 16 digits at that.
func TestPlansOfThePromisedSizePassTheDoor(t *testing.T) {
	const rows, seats = 500, venue.SeatsMax / 500
	var plan strings.Builder
	plan.WriteString(`{"name":"Largest","size":{"width":1,"height":1},"categories":[{"name":"standard",` +
		`"color":"#336699"}],"zones":[`)
	for row := range rows {
		plan.WriteString(map[bool]string{true: ","}[row > 0])
		fmt.Fprintf(&plan, `{"name":"Z%d","zone_id":"z%d","position":{"x":0,"y":%d},"rows":[{"row_number":"1",`+
			`"position":{"x":0,"y":0},"seats":[`, row, row, row*30)
		for seat := range seats {
			plan.WriteString(map[bool]string{true: ","}[seat > 0])
			fmt.Fprintf(&plan, `{"seat_guid":"%d","uuid":"550e8400-e29b-41d4-a716-%012d","seat_number":"%d",`+
				`"category":"standard",`+
				`"position":{"x":%d.25,"y":0.123456789012345},"radius":10,"color":"#336699"}`,
				4_000_000_000_000_000+row*seats+seat, row*seats+seat, seat+1, seat*25)
		}
		plan.WriteString(`]}]}`)
	}
	plan.WriteString(`]}`)
	body := strings.Replace(eventBody(""), smallPlan, plan.String(), 1)
	if len(body) < 32<<20 || len(body) > listen.PlanBodyBytesMax {
		t.Fatalf("the body has %d bytes", len(body))
	}
	// However busy the machine.
	h := open(t, func(c *Config) { c.RequestTimeout, c.ReadTimeout = 5*time.Minute, 5*time.Minute })
	var event wire.Event
	h.do("POST", "/v1/events", operator, body).want(201, "").into(&event)
	if event.Seats != venue.SeatsMax {
		t.Errorf("%d seats", event.Seats)
	}
}
