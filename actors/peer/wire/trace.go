package wire

import "holdfast/actors/trace"

// KindTraced comes before an Ask, a Search or a Book that is sent on somebody's behalf: the trace's bytes, then the
// message. Only a node that answers TracedCall reads it.
const KindTraced Kind = 0x58

// TracedCall is the name of the call by which a node says that it reads KindTraced. Builds that do not have it say so
// too, by not knowing the call.
const TracedCall = "traced"

func appendTrace(dst []byte, p *trace.Parent) []byte {
	if p == nil {
		return dst
	}
	return p.Append(append(dst, byte(KindTraced)))
}

// Trace is on whose behalf the message was sent that Begin has begun; nil: nobody has said.
func (d *Decoder) Trace() *trace.Parent { return d.trace }

// traced reads what stands before the message, and begins the message.
func (d *Decoder) traced() {
	var from [trace.Size]byte
	d.copy(from[:])
	d.kind = Kind(d.byte())
	switch d.kind {
	case KindSearch, KindBook, KindBookOrder, KindAsk, KindAskAdmitted, KindAskGranted, KindAskKeyed, KindAskPaying,
		KindAskOrder, KindAskSale:
		d.trace = trace.Read(from)
	default:
		d.kind = 0 // nothing else is sent on somebody's behalf
		d.fail("a trace before another message")
	}
}
