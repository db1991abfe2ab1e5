// Package faultstore wraps any store and breaks it by rule, at the boundary: what the engine sees is exactly what a bad disk, a
// cut network or a rival node would show it, and nothing inside the store needs to know.
//
//	caller ──► faultstore ──(rules: op, section, which call)──► inner store
//	                │ lose    not written, ErrUnavailable          ─╳
//	                │ swallow not written, ErrUnknown              ─╳
//	                │ keep    written,     ErrUnknown              ──►
//	                │ late    ErrUnknown now, written at Deliver   ─ ─ ─►
//	                │ fence   a foreign claim is written first     ═►──►
//	                │ fail    the rule's error                     ─╳
//	                └ crash   nothing answers until Restart
//
// There is no goroutine, no clock and no global chance in here: a rule's probability is drawn from a generator with a seed, in
// the order of the calls, so a simulator in one goroutine replays a run exactly. Safe for concurrent use all the same.
package faultstore
