package planreader

import (
	"math"
	"strconv"
)

// Point is a place on the drawing; units are the plan's own, y grows downwards.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// String is the point as ParseFront reads it.
func (p Point) String() string {
	return strconv.FormatFloat(p.X, 'f', -1, 64) + "," + strconv.FormatFloat(p.Y, 'f', -1, 64)
}

// To is the distance between two places.
func (p Point) To(q Point) float64 { return math.Hypot(p.X-q.X, p.Y-q.Y) }

// SeatsMax is the most seats of one plan.
const SeatsMax = 200_000
