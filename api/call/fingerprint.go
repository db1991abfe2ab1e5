package call

import (
	"crypto/rand"

	"github.com/cespare/xxhash/v2"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/actors/section"
	"holdfast/api/card"
	"holdfast/api/problem"
	"holdfast/api/wire"
)

// keyBytesMax bounds an Idempotency-Key.
const keyBytesMax = 128

// requestID names a request for ever (see wire.RequestHash). One key on two different calls meets itself, and is
// refused by its fingerprint.
func requestID(operator bool, buyer section.BuyerID, key []byte) section.RequestID {
	switch {
	case len(key) == 0:
		var random section.RequestID
		_, _ = rand.Read(random[:]) // never fails: the runtime aborts instead
		return random
	case operator:
		return wire.OperatorRequestHash(key)
	}
	return wire.RequestHash(buyer, key)
}

// CheckKey tells an empty key from none: a client that sends one believes that a repeat is safe.
func (r *Call) CheckKey() error {
	if len(r.Key) == 0 && len(r.Ctx.Request.Header.PeekAll("Idempotency-Key")) > 0 {
		return problem.BadField("Idempotency-Key", "is empty")
	}
	return checkKey(r.Key)
}

// CheckKey judges an Idempotency-Key as a server does, card numbers (P12) included, for tools that make events without
// one.
func CheckKey(key string) error {
	if card.InText([]byte(key)) {
		return card.Refusal("Idempotency-Key")
	}
	return checkKey([]byte(key))
}

func checkKey(key []byte) error {
	if len(key) > keyBytesMax {
		return problem.BadField("Idempotency-Key", "is longer than 128 bytes")
	}
	for _, c := range key {
		if c <= ' ' || c > '~' {
			return problem.BadField("Idempotency-Key", "must be visible ASCII without spaces")
		}
	}
	return nil
}

// Fingerprint is what a request asked for: the call, what it is about, and its body. It is part of the log, so it must
// never change between versions.
type Fingerprint struct{ digest xxhash.Digest }

func (f *Fingerprint) start(call *Route, param []byte) {
	f.digest.Reset()
	f.Text(call.Method)
	f.Text(call.Path)
	f.bytes(param)
}

// Text adds a part and its end, so that no two lists of parts look the same.
func (f *Fingerprint) Text(part string) {
	_, _ = f.digest.WriteString(part) // hashes never fail
	f.end(len(part))
}

func (f *Fingerprint) bytes(part []byte) {
	_, _ = f.digest.Write(part)
	f.end(len(part))
}

func (f *Fingerprint) end(n int) {
	size := [...]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}
	_, _ = f.digest.Write(size[:])
}

// Body adds a JSON body whatever its spacing and order of members (RFC 8785).
func (f *Fingerprint) Body(raw []byte) {
	canonical := jsontext.Value(append([]byte(nil), raw...))
	if canonical.Canonicalize() != nil {
		canonical = raw
	}
	f.bytes(canonical)
}

// Book adds a parsed booking body. The same request, however it was spelt, has the same fingerprint. buyer is whom the
// body names: fingerprints are in the log, so a keyed name stands for the text there (P14).
func (f *Fingerprint) Book(w *wire.Book, buyer Named) {
	for _, seat := range w.Seats {
		f.Text(seat)
	}
	if best := w.BestAvailable; best != nil {
		f.Text(best.Section)
		f.Text(best.Category)
		f.end(int(best.Quantity))
		if best.Accessible {
			f.Text("accessible")
		}
	}
	// Of later builds, after what no seat can be called: a request without them has the fingerprint that it always had.
	switch {
	case w.Buyer == "":
	case buyer.Keyed:
		f.Text("\x00buyer")
		f.bytes(buyer.Buyer[:])
	default:
		f.Text("\x00buyer")
		f.Text(w.Buyer)
	}
	if w.Limits == wire.LimitsIgnore {
		f.Text("\x00limits")
	}
	for i, kind := range w.Types {
		if kind != "" {
			f.Text("\x00type")
			f.end(i)
			f.Text(kind)
		}
	}
	if w.BestAvailable != nil {
		for _, c := range w.BestAvailable.Types {
			f.Text("\x00type")
			f.end(int(c.Seats))
			f.Text(c.Type)
		}
	}
	if w.Complimentary {
		f.Text("\x00complimentary")
		f.Text(w.Reason)
	}
}

func (f *Fingerprint) sum() uint64 { return f.digest.Sum64() }
