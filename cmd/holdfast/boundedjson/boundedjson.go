package boundedjson

import (
	"encoding/json"
	"fmt"

	"holdfast/actors/nesting"
)

// depthMax bounds the nesting of what servers and other nodes say; nothing they say has more than five levels.
const depthMax = 16

// Unmarshal reads what another process says, into a pointer.
func Unmarshal(text []byte, into any) error {
	if at, deeper := nesting.Deeper(text, depthMax); deeper {
		return fmt.Errorf("JSON nests deeper than %d levels, at byte %d", depthMax, at)
	}
	return json.Unmarshal(text, into)
}
