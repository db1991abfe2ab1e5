package venue_test

import (
	"errors"
	"reflect"
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/venue"
)

// FuzzParse: any bytes are either a venue that keeps every promise (P1: unique ids), survives storing and its own plan
// form, or a refusal that says why. Never a panic.
func FuzzParse(f *testing.F) {
	f.Add(realPlan(f, areas))
	f.Add(realPlan(f, tables))
	for _, seed := range []string{
		compact(`{"id":"A","category":"g","rows":[{"label":"1","seats":"1-2,8","accessible":"1","x":[1,2,3],"y":4}]},{"id":"G","general":9,"box":[0,0,9,9]}`),
		compact(`{"id":"A","rows":[{"label":"1","seats":["a","b"],"breaks":["b"],"ids":["p","q"],"category":["x","y"]}]}`),
		pretix(`{"name":"Z","zone_id":"z","rows":[` + pretixRow("A", "g1", "g2") + `,` + pretixRow("A", "g3", "g4") +
			`],"areas":[]}`),
		seatsio(`"sections":[{"label":"S","categoryKey":9,"topLeft":{"x":1,"y":2},"subChart":{"rows":[{"label":"A","seats":[{"label":"1"}]}]}}]`),
		`{"tribunes":[{"name":"north","sectors":[{"name":"1","rows":[{"name":"a","seats":"2"}]}]},{"name":"west","sectors":[{"name":"1","rows":[{"name":"a","seats":"1-2,5"}]}]}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		// The constant is a plan of SeatsMax seats, which "general" buys for thirty bytes.
		budget.Reading{Fixed: 512 << 20, PerByte: 2000}.Check(t, len(raw), func() {
			_, _ = venue.Parse(raw, venue.Options{})
		})
		v, err := venue.Parse(raw, venue.Options{})
		if err != nil {
			var refused *venue.DefectsError
			if v != nil || !errors.As(err, &refused) || len(refused.Defects) == 0 {
				t.Fatalf("refused with %v, %v", v, err)
			}
			return
		}
		mustHold(t, v)
		again, err := venue.Decode(v.Encode())
		if err != nil || !reflect.DeepEqual(again, v) {
			t.Fatalf("stored form: %v", err)
		}
		if again, err = venue.Parse(v.PlanJSON(), venue.Options{}); err != nil {
			t.Fatalf("own plan form: %v\n%s", err, v.PlanJSON())
		}
		if !reflect.DeepEqual(seatsOf(again), seatsOf(v)) {
			t.Fatalf("own plan form has other seats:\n%s", v.PlanJSON())
		}
	})
}

// seatsOf lists ids in seat order.
func seatsOf(v *venue.Venue) (ids []string) {
	for _, s := range v.Sections {
		for _, row := range s.Rows {
			for _, seat := range row.Seats {
				ids = append(ids, seat.ID)
			}
		}
	}
	return ids
}

// FuzzDecode: stored bytes are a checked venue or an ErrStored.
func FuzzDecode(f *testing.F) {
	for _, v := range variety(f) {
		if v.SeatCount() < 1000 {
			f.Add(v.Encode())
		}
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		budget.Reading{Fixed: 256 << 20, PerByte: 2000}.Check(t, len(stored), func() { _, _ = venue.Decode(stored) })
		v, err := venue.Decode(stored)
		if err == nil {
			mustHold(t, v)
		} else if !errors.Is(err, venue.ErrStored) {
			t.Fatal(err)
		}
	})
}
