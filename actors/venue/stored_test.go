package venue_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"holdfast/actors/venue"
)

// variety are venues that use everything the stored form and the compact plan can say.
func variety(t testing.TB) map[string]*venue.Venue {
	t.Helper()
	plans := map[string][]byte{
		"row list": realPlan(t, metalist), "chart": realPlan(t, zones), "areas": realPlan(t, areas),
		"tables": realPlan(t, tables),
		"guids": []byte(pretix(`{"name":"Z","rows":[` + pretixRow("A", "left-1", "left-2") + `,` +
			pretixRow("A", "right-1") + `]}`)),
		"odds": []byte(`{"name":"Odds","categories":[{"label":"a","color":"#123456"},"b"],"focal_point":{"x":0.125,"y":-3},"sections":[
			{"id":"A","name":"Stalls","focal_point":{"x":1,"y":2},"rows":[
				{"label":"","seats":["x","007","8","10"],"category":["a","b","b","a"],"breaks":["8"],"accessible":["x"],"x":[0.1,0.333333333,-1e3,4],"y":7}]},
			{"id":"B","category":"b","rows":[{"label":"1","seats":"1-2,8","ids":["p","q","r"],"x":0,"y":0.1}]},
			{"id":"G","category":"a","general":42001,"accessible":true}]}`),
	}
	venues := map[string]*venue.Venue{"stadium": venue.Stadium(5000)}
	for name, raw := range plans {
		v, err := venue.Parse(raw, venue.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		venues[name] = v
	}
	return venues
}

func TestStoredFormLosesNothing(t *testing.T) {
	for name, v := range variety(t) {
		stored := v.Encode()
		again, err := venue.Decode(stored)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(again, v) {
			t.Errorf("%s: differs after Decode", name)
		}
		if !bytes.Equal(again.Encode(), stored) {
			t.Errorf("%s: stored form differs the second time", name)
		}
	}
}

// A damaged venue must never be sold from: seat indexes of the log would mean other seats.
func TestStoredFormRefusesDamage(t *testing.T) {
	v := venue.Stadium(200)
	stored := v.Encode()
	for i := range stored {
		bad := bytes.Clone(stored)
		bad[i] ^= 0x55
		// Padding bits of the last deflate block carry nothing; whatever is accepted must be the same venue.
		if got, err := venue.Decode(bad); err == nil && !reflect.DeepEqual(got, v) {
			t.Fatalf("byte %d damaged: accepted", i)
		} else if err != nil && !errors.Is(err, venue.ErrStored) {
			t.Fatalf("byte %d damaged: %v", i, err)
		}
		if _, err := venue.Decode(stored[:i]); !errors.Is(err, venue.ErrStored) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := venue.Decode(append(stored, 0)); !errors.Is(err, venue.ErrStored) {
		t.Errorf("a trailing byte: %v", err)
	}
}

func TestStoredFormIsTrustedNoMoreThanAPlan(t *testing.T) {
	for name, spoil := range map[string]func(v *venue.Venue){
		"P1: a seat twice":   func(v *venue.Venue) { v.Sections[0].Rows[0].Seats[1] = v.Sections[0].Rows[0].Seats[0] },
		"a section twice":    func(v *venue.Venue) { v.Sections[1].ID = v.Sections[0].ID },
		"an empty row":       func(v *venue.Venue) { v.Sections[0].Rows[0].Seats = nil },
		"an unknown price":   func(v *venue.Venue) { v.Sections[0].Rows[0].Seats[0].Category = 9 },
		"a break at a start": func(v *venue.Venue) { v.Sections[0].Rows[0].Seats[0].BreakBefore = true },
		"no categories":      func(v *venue.Venue) { v.Categories = nil },
		"no seats":           func(v *venue.Venue) { v.Sections = nil },
		"a far seat":         func(v *venue.Venue) { v.Sections[0].Rows[0].Seats[0].X = 1e300 },
	} {
		v := venue.Stadium(1000)
		spoil(v)
		if _, err := venue.Decode(v.Encode()); !errors.Is(err, venue.ErrStored) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlanJSONRoundTrips(t *testing.T) {
	for name, v := range variety(t) {
		again, err := venue.Parse(v.PlanJSON(), venue.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		roughly(v)
		roughly(again)
		if !reflect.DeepEqual(again, v) {
			t.Errorf("%s: differs after Parse", name)
		}
	}
}

// roughly forgets what PlanJSON says that it loses: where general places stand.
func roughly(v *venue.Venue) {
	for i := range v.Sections {
		s := &v.Sections[i]
		for r := range s.Rows {
			for k := range s.Rows[r].Seats {
				if s.General {
					s.Rows[r].Seats[k].X, s.Rows[r].Seats[k].Y = 0, 0
				}
			}
		}
	}
}

func BenchmarkDecode40000(b *testing.B) {
	stored := venue.Stadium(40_000).Encode()
	b.ReportMetric(float64(len(stored)), "stored-bytes")
	for b.Loop() {
		if _, err := venue.Decode(stored); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode40000(b *testing.B) {
	v := venue.Stadium(40_000)
	for b.Loop() {
		v.Encode()
	}
}

func BenchmarkParse(b *testing.B) {
	for _, plan := range []string{metalist, zones} {
		b.Run(plan, func(b *testing.B) {
			raw := realPlan(b, plan)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := venue.Parse(raw, venue.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLayouts40000(b *testing.B) {
	v := venue.Stadium(40_000)
	for b.Loop() {
		for i := range v.Sections {
			v.Layout(i)
		}
	}
}
