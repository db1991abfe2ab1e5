package catalog

import (
	"encoding/json"

	"holdfast/actors/venue"
	"holdfast/api/problem"
	"holdfast/api/wire"
)

// frontOf reads where people look: the name of an edge of the drawing, or a point of it. nil: not said.
func frontOf(raw wire.Raw) (*venue.Front, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var side string
	if raw[0] == '"' && json.Unmarshal(raw, &side) == nil {
		if front, err := venue.FrontSide(side); err == nil {
			return front, nil
		}
		return nil, errFront
	}
	var at struct {
		X *float64 `json:"x"`
		Y *float64 `json:"y"`
	}
	if wire.Decode(raw, &at) != nil || at.X == nil || at.Y == nil {
		return nil, errFront
	}
	front, err := venue.FrontPoint(venue.Point{X: *at.X, Y: *at.Y})
	if err != nil {
		return nil, problem.InvalidField("front", "is farther out than any seat may be")
	}
	return front, nil
}

var errFront = problem.BadField("front",
	`must be "top", "bottom", "left", "right" or a point {"x":0,"y":0} of the plan`)
