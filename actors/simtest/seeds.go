package simtest

import (
	"os"
	"strconv"
	"testing"
)

// Seed gives the one seed that is to be replayed; ok is false when none is named: HOLDFAST_SIM_SEED.
func Seed(t *testing.T) (seed uint64, ok bool) {
	t.Helper()
	return number(t, "HOLDFAST_SIM_SEED")
}

// Seeds says how many runs are wanted: HOLDFAST_SIM_SEEDS, or as many as usual.
func Seeds(t *testing.T, usual uint64) uint64 {
	t.Helper()
	if n, ok := number(t, "HOLDFAST_SIM_SEEDS"); ok {
		return n
	}
	return usual
}

func number(t *testing.T, variable string) (n uint64, ok bool) {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n, true
}
