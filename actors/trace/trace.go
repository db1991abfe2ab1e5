// Package trace carries a caller's W3C trace context (https://www.w3.org/TR/trace-context/) to whoever is asked on the
// caller's behalf: other nodes, and the payment processor.
//
//	traceparent ─▶ api/call ─▶ actors.Caller ─▶ request ─▶ peer/wire.Traced ─▶ the node that has the section
//	   tracestate                           ├─▶ context ─▶ checkout/traced ─▶ the processor's HTTP
//	                                        └─▶ Memory ─▶ behind the call: legs are told, money is settled
//
// This server makes no spans of its own: what comes in goes out as it was, and callers without a context cost nothing.
//
// Rejected: a tracing library. Its spans would be allocations for each hold, and an exporter is one more thing that can
// be slow; what a trace needs from here is not to be cut.
package trace

import (
	"bytes"
	"context"
	"encoding/hex"
)

// Parent is what a traceparent says. The flags go along as they came.
type Parent struct {
	Trace [16]byte
	Span  [8]byte
	Flags byte
	// State is the tracestate that came with it; empty: none. What tracing systems say in it is theirs.
	State string
}

// StateMax is how long a tracestate may be that goes on, in bytes: what the specification has everybody pass on.
const StateMax = 512

// Size is a Parent's in bytes, without its State.
const Size = 16 + 8 + 1

// textSize is that of version 00: "00-", the trace, "-", the span, "-", the flags.
const textSize = 2 + 1 + 32 + 1 + 16 + 1 + 2

// Parse reads a traceparent. nil: there is none, or none that is sound; the caller's work goes on without. Of a later
// version what it shares with this one is read.
func Parse(text []byte) *Parent {
	switch {
	case len(text) < textSize || text[2] != '-' || text[35] != '-' || text[52] != '-':
		return nil
	case text[0] == '0' && text[1] == '0' && len(text) > textSize, text[0] == 'f' && text[1] == 'f':
		return nil
	case len(text) > textSize && text[textSize] != '-':
		return nil
	}
	for i, c := range text[:textSize] {
		dash := i == 2 || i == 35 || i == 52
		if !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return nil
		}
	}
	var version [1]byte
	p := new(Parent)
	for _, part := range []struct{ dst, src []byte }{
		{version[:], text[:2]}, {p.Trace[:], text[3:35]}, {p.Span[:], text[36:52]},
	} {
		if _, err := hex.Decode(part.dst, part.src); err != nil {
			return nil
		}
	}
	var flags [1]byte
	if _, err := hex.Decode(flags[:], text[53:55]); err != nil || p.Trace == [16]byte{} || p.Span == [8]byte{} {
		return nil
	}
	p.Flags = flags[0]
	return p
}

// WithState is p with a tracestate: the values of all headers of that name, in order. One that is not of printable
// ASCII, or too long, is dropped, as the specification has it; p goes on without.
func (p *Parent) WithState(values ...[]byte) *Parent {
	if p == nil {
		return nil
	}
	state := bytes.Join(values, []byte{','})
	if len(state) > StateMax || bytes.ContainsFunc(state, func(c rune) bool { return c < ' ' || c > '~' }) {
		return p
	}
	with := *p
	with.State = string(state)
	return &with
}

// MarshalText has logs tell the traceparent.
func (p *Parent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// String is the traceparent, of version 00.
func (p *Parent) String() string {
	text := make([]byte, 0, textSize)
	text = hex.AppendEncode(append(text, "00-"...), p.Trace[:])
	text = hex.AppendEncode(append(text, '-'), p.Span[:])
	return string(hex.AppendEncode(append(text, '-'), []byte{p.Flags}))
}

// Append appends a Parent's bytes, without its State: what Read reads.
func (p *Parent) Append(dst []byte) []byte {
	return append(append(append(dst, p.Trace[:]...), p.Span[:]...), p.Flags)
}

// Read reads what Append wrote.
func Read(src [Size]byte) *Parent {
	return &Parent{Trace: [16]byte(src[:16]), Span: [8]byte(src[16:24]), Flags: src[24]}
}

type key struct{}

// Context is ctx for what is done on behalf of p; of nil, ctx itself.
func Context(ctx context.Context, p *Parent) context.Context {
	if p == nil {
		return ctx
	}
	return context.WithValue(ctx, key{}, p)
}

// From is on whose behalf something is done; nil: nobody has said.
func From(ctx context.Context) *Parent {
	p, _ := ctx.Value(key{}).(*Parent)
	return p
}
