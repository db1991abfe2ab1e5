//go:build !unix

package budget

import "time"

var began = time.Now()

// processorTime is the clock's, where the system has no better word.
func processorTime() time.Duration { return time.Since(began) }
