package wire

import (
	"encoding/binary"

	"holdfast/actors/trace"
)

// KindTraced comes before an Ask, a Search or a Book that is sent on somebody's behalf: the trace's bytes, then the
// message. Only a node that answers TracedCall reads it.
const KindTraced Kind = 0x58

// KindTracedState is KindTraced with the trace's State behind its bytes: a length of up to trace.StateMax, and the
// text. Only a node that says so in its answer to TracedCall reads it.
const KindTracedState Kind = 0x59

// TracedCall is the name of the call by which a node says that it reads KindTraced. Builds that do not have it say so
// too, by not knowing the call.
const TracedCall = "traced"

// TracedAnswer is what a node answers to TracedCall that reads KindTracedState too; others answer nothing.
var TracedAnswer = []byte{1}

func appendTrace(dst []byte, p *trace.Parent) []byte {
	if p == nil {
		return dst
	}
	if p.State == "" {
		return p.Append(append(dst, byte(KindTraced)))
	}
	dst = binary.AppendUvarint(p.Append(append(dst, byte(KindTracedState))), uint64(len(p.State)))
	return append(dst, p.State...)
}

// Trace is on whose behalf the message was sent that Begin has begun; nil: nobody has said.
func (d *Decoder) Trace() *trace.Parent { return d.trace }

// traced reads what stands before the message, and begins the message.
func (d *Decoder) traced() {
	var from [trace.Size]byte
	d.copy(from[:])
	p := trace.Read(from)
	if d.kind == KindTracedState {
		state := make([]byte, d.uvarint(trace.StateMax))
		d.copy(state)
		if p.State = string(state); p.State == "" {
			d.fail("an empty trace state")
		}
	}
	d.kind = Kind(d.byte())
	switch d.kind {
	case KindSearch, KindBook, KindBookOrder, KindAsk, KindAskAdmitted, KindAskGranted, KindAskKeyed, KindAskPaying,
		KindAskOrder, KindAskSale, KindFare:
		d.trace = p
	default:
		d.kind = 0 // nothing else is sent on somebody's behalf
		d.fail("a trace before another message")
	}
}
