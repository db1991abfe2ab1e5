package api

import (
	"strconv"
	"strings"
	"unsafe"

	"holdfast/actors/venue"
)

// borrow makes a string of bytes that outlive its use, without a copy.
func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// searchable is a name as a search compares it: what a reader sees of it, whatever its case and however it was typed.
func searchable(name string) string { return strings.ToLower(venue.Skeleton(name)) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// defectTexts writes a plan's defects as lines: where, then what.
func defectTexts(e *venue.DefectsError) []string {
	lines := make([]string, 0, len(e.Defects)+1)
	for _, d := range e.Defects {
		where := d.Path
		if where == "" {
			where = "/"
		}
		lines = append(lines, where+": "+d.Problem)
	}
	if e.More > 0 {
		lines = append(lines, strconv.Itoa(e.More)+" more")
	}
	return lines
}
