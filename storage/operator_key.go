package storage

import (
	"fmt"

	"holdfast/actors/section"
)

// OperatorKey is the idempotency key of an operator's call that no section's log remembers, with what it was used for
// (P5). The same request for another event or with another fingerprint is another call, which the caller refuses.
//
// A key is kept for OperatorKeyWindow and longer while it is among the OperatorKeysKept youngest of its event. When one
// is written, those of the same event that are neither go. No event has more than OperatorKeysMax: the next one is
// refused with ErrTooManyKeys rather than a younger one forgotten.
type OperatorKey struct {
	Request     section.RequestID // never zero in a store
	Event       EventID           // zero: of no event, but of the nodes
	Fingerprint uint64
	At          section.Instant // of the writer's clock
}

// Bounds of the memory for operators' keys. The window is buyers' (section.DefaultDedupeWindow).
const (
	OperatorKeyWindow = section.DefaultDedupeWindow // milliseconds
	OperatorKeysKept  = 100
	OperatorKeysMax   = 10_000
)

// Same says that both are of one call.
func (k OperatorKey) Same(other OperatorKey) bool {
	return k.Request == other.Request && k.Event == other.Event && k.Fingerprint == other.Fingerprint
}

// RepeatedError says that a key stands: whatever its call was to do is done, or surely begun.
type RepeatedError struct{ First OperatorKey }

func (e *RepeatedError) Error() string {
	return fmt.Sprintf(
		"storage: operator's key %x was used at %d for event %v", e.First.Request[:4], e.First.At, e.First.Event,
	)
}

// StaleKeys lists which of an event's keys go when one of that moment is written, given all of them from the youngest;
// full says that there is no room for it even so.
func StaleKeys(youngestFirst []OperatorKey, at section.Instant) (stale []OperatorKey, full bool) {
	for i := range youngestFirst {
		if i >= OperatorKeysKept && section.Millis(at-youngestFirst[i].At) > OperatorKeyWindow {
			stale = append(stale, youngestFirst[i])
		}
	}
	return stale, len(youngestFirst)-len(stale) >= OperatorKeysMax
}
