package main

import "testing"

// P2: connections that never say a word cost nothing but themselves: the server sells beside them.
func TestAttackSilentConnections(t *testing.T) {
	x := attacked(t, nil)
	for range 50 {
		x.dial()
	}
	x.stillSells()
}
