package venue_test

import (
	"errors"
	"fmt"

	"holdfast/actors/venue"
)

func ExampleParse() {
	v, err := venue.Parse([]byte(`{"sections": [
		{"id": "A", "category": "Gold", "rows": [{"label": "1", "seats": "1-2,8-9"}]},
		{"id": "Standing", "general": 500}]}`), venue.Options{Name: "Hall"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Name, v.SeatCount(), v.Categories)
	for _, seat := range v.Sections[0].Rows[0].Seats {
		fmt.Println(seat.ID, seat.BreakBefore)
	}
	fmt.Println(v.Sections[1].Rows[0].Seats[499].ID)
	// Output:
	// Hall 504 [{Gold } {standard }]
	// A-1-1 false
	// A-1-2 false
	// A-1-8 true
	// A-1-9 false
	// Standing-GA-500
}

func ExampleDefectsError() {
	_, err := venue.Parse([]byte(`{"sections": [
		{"id": "A", "rows": [{"label": "1", "seats": 2}, {"label": "1", "seats": 1}, {"label": "2", "seats": "8-"}]}]}`), venue.Options{})
	var refused *venue.DefectsError
	if errors.As(err, &refused) {
		for _, defect := range refused.Defects {
			fmt.Println(defect.Path, defect.Problem)
		}
	}
	// Output:
	// /sections/0/rows/2/seats "" is not a seat number from 0 to 99999 (write seats as 1-8,10,12A)
	// /sections/0/rows/1 seat id "A-1-1" is there 2 times: /sections/0/rows/0, /sections/0/rows/1
}

func ExampleStadium() {
	v := venue.Stadium(40_000)
	fmt.Println(v.SeatCount(), "seats in", len(v.Sections), "sections; best first:", v.Sections[v.BestFirst()[0]].Name)
	// Output:
	// 40004 seats in 62 sections; best first: Block 103
}
