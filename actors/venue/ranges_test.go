package venue

import (
	"strconv"
	"strings"
	"testing"
)

// Neighbours of a row without coordinates follow from its numbers (P11): a side of even numbers is as much together as
// one of odd numbers.
func TestNeighboursByNumberStepsOfTwoAreOneRun(t *testing.T) {
	for row, want := range map[string]string{
		"1-4":                          "1 2 3 4",
		"1-2,8,10-11":                  "1 2 | 8 | 10 11",
		"1-8,18-20":                    "1 2 3 4 5 6 7 8 | 18 19 20",
		"1,3,5,7":                      "1 3 5 7",
		"2,4,6,8":                      "2 4 6 8",
		"8,6,4,2":                      "8 6 4 2",
		"1,3":                          "1 3",
		"4,3,2,1":                      "4 3 2 1",
		"1,3,5,9,11":                   "1 3 5 | 9 11",
		"1,3,5,7,2,4,6,8":              "1 3 5 7 | 2 4 6 8",
		"7,5,3,1,2,4,6,8":              "7 5 3 1 | 2 4 6 8",
		"1,3,5,7,8,6,4,2":              "1 3 5 7 | 8 6 4 2",
		"1,3,5,2":                      "1 3 5 | 2",
		"15,13,11,101-104,12,14,16":    "15 13 11 | 101 102 103 104 | 12 14 16",
		"2,4,6,8-10":                   "2 4 6 | 8 9 10",
		"1,2,4":                        "1 2 | 4",
		"1,3,4":                        "1 | 3 4",
		"1,5,9":                        "1 | 5 | 9",
		"7":                            "1 2 3 4 5 6 7",
		"12,14,16,18,20-22,24,26,28,1": "12 14 16 18 | 20 21 22 | 24 26 28 | 1",
	} {
		spans, count, err := parseSeats(row)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		x := -seatPitch
		for i, seat := range spanSeats(spans, count) {
			if i > 0 {
				got.WriteString(" ")
			}
			if seat.breakBefore {
				got.WriteString("| ")
			}
			if apart := seat.x - x; (apart > seatPitch) != seat.breakBefore {
				t.Errorf("%s: seat %s is drawn %s from the one before it, break %v", row, seat.label,
					strconv.FormatFloat(apart, 'g', -1, 64), seat.breakBefore)
			}
			got.WriteString(seat.label)
			x = seat.x
		}
		if got.String() != want {
			t.Errorf("%s: got %s, want %s", row, got.String(), want)
		}
	}
}
