package faultstore

import (
	"context"

	"holdfast/storage"
)

// Op names a group of store calls. For OpCommit every append of a call is matched on its own.
type Op uint8

// The operations.
const (
	OpCommit Op = iota + 1
	OpTail
	OpRead
	OpSaveSnapshot
	OpLoadSnapshot
	OpCatalog // CreateEvent, SetSale, operators' and events' keys, Event, Venue, Events, Secret
	OpTickets
	OpNodes // Beat, Nodes, Forget
	OpSections
	opEnd
)

// Action says what happens to a matched call.
type Action uint8

// The actions. Those about writing apply to OpCommit only; on another Op they act as Fail.
const (
	Pass        Action = iota // nothing: for rules that only have a Hook
	Lose                      // not written; ErrUnavailable, or the rule's Err
	LoseUnknown               // not written; ErrUnknown
	KeepUnknown               // handed to the inner store, whatever it says the caller hears ErrUnknown
	Late                      // ErrUnknown now; handed to the inner store at Deliver: an answer lost and a write still on its way
	Fence                     // a foreign claim is appended first, then the append is handed on (and meets it)
	Fail                      // not executed; the rule's Err, or ErrUnavailable
	CrashBefore               // not executed, and everything after fails until Restart
	CrashAfter                // executed, answered with ErrUnknown, and everything after fails until Restart
)

// Rule matches calls and breaks them. Every rule counts its own matches; the first rule in the list that fires wins.
type Rule struct {
	Op      Op                    // zero: every operation
	Section *storage.SectionKey   // nil: every section, and calls that have none
	Kind    storage.EntryKind     // OpCommit: only entries of this kind; zero: every kind
	After   int                   // lets the first After matches pass
	Times   int                   // fires at most so often; 0: without end
	Chance  float64               // fires with this probability (0 < Chance < 1) per match, by the store's seed; 0: always
	Do      Action                // what happens
	Err     error                 // for Lose and Fail: what the caller hears; nil: ErrUnavailable
	Hook    func(context.Context) // called at firing, outside all locks, before the action: block here to delay or pause a call
}

// armed is a rule with its counters.
type armed struct {
	Rule
	seen, fired int
}

// matches counts the call and tells whether the rule fires on it. draw gives a number in [0, 1).
func (r *armed) matches(c call, draw func() float64) bool {
	if r.Op != 0 && r.Op != c.op || r.Section != nil && (!c.hasSection || *r.Section != c.section) ||
		r.Kind != 0 && r.Kind != c.kind {
		return false
	}
	r.seen++
	if r.seen <= r.After || r.Times > 0 && r.fired >= r.Times {
		return false
	}
	if r.Chance > 0 && draw() >= r.Chance {
		return false
	}
	r.fired++
	return true
}

// call is what rules look at.
type call struct {
	op         Op
	section    storage.SectionKey
	hasSection bool
	kind       storage.EntryKind
}

func sectionCall(op Op, key storage.SectionKey) call {
	return call{op: op, section: key, hasSection: true}
}
