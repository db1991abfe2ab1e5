package api

import (
	"crypto/rand"

	"github.com/cespare/xxhash/v2"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/actors/section"
	"holdfast/api/wire"
)

// keyBytesMax bounds an Idempotency-Key.
const keyBytesMax = 128

// requestID names a request for ever (see wire.RequestHash). One key on two different calls meets itself, and is
// refused by its fingerprint.
func requestID(who *identity, key []byte) section.RequestID {
	switch {
	case len(key) == 0:
		var random section.RequestID
		_, _ = rand.Read(random[:]) // never fails: the runtime aborts instead
		return random
	case who.operator:
		return wire.OperatorRequestHash(key)
	}
	return wire.RequestHash(who.buyer, key)
}

// checkKey tells an empty key from none: whoever sends one believes that a repeat is safe.
func (r *request) checkKey() error {
	if len(r.key) == 0 && len(r.ctx.Request.Header.PeekAll("Idempotency-Key")) > 0 {
		return badField("Idempotency-Key", "is empty")
	}
	return checkKey(r.key)
}

// CheckKey judges an Idempotency-Key as a server does, card numbers (P12) included, for whoever makes events without
// one.
func CheckKey(key string) error {
	if cardInText([]byte(key)) {
		return cardData("Idempotency-Key")
	}
	return checkKey([]byte(key))
}

func checkKey(key []byte) error {
	if len(key) > keyBytesMax {
		return badField("Idempotency-Key", "is longer than 128 bytes")
	}
	for _, c := range key {
		if c <= ' ' || c > '~' {
			return badField("Idempotency-Key", "must be visible ASCII without spaces")
		}
	}
	return nil
}

// fingerprint is what a request asked for: the call, what it is about, and its body. It is part of the log, so it must
// never change between versions.
type fingerprint struct{ digest xxhash.Digest }

func (f *fingerprint) start(call *route, param []byte) {
	f.digest.Reset()
	f.text(call.method)
	f.text(call.path)
	f.bytes(param)
}

// text adds a part and its end, so that no two lists of parts look the same.
func (f *fingerprint) text(part string) {
	_, _ = f.digest.WriteString(part) // hashes never fail
	f.end(len(part))
}

func (f *fingerprint) bytes(part []byte) {
	_, _ = f.digest.Write(part)
	f.end(len(part))
}

func (f *fingerprint) end(n int) {
	size := [...]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}
	_, _ = f.digest.Write(size[:])
}

// body adds a JSON body whatever its spacing and order of members (RFC 8785).
func (f *fingerprint) body(raw []byte) {
	canonical := jsontext.Value(append([]byte(nil), raw...))
	if canonical.Canonicalize() != nil {
		canonical = raw
	}
	f.bytes(canonical)
}

// wish adds a parsed booking body: the same wish, however it was spelt, is the same request.
func (f *fingerprint) wish(w *wire.Book) {
	for _, seat := range w.Seats {
		f.text(seat)
	}
	if best := w.BestAvailable; best != nil {
		f.text(best.Section)
		f.text(best.Category)
		f.end(int(best.Quantity))
		if best.Accessible {
			f.text("accessible")
		}
	}
	// Of later builds, after what no seat can be called: a wish without them has the fingerprint that it always had.
	if w.Buyer != "" {
		f.text("\x00buyer")
		f.text(w.Buyer)
	}
	if w.Limits == wire.LimitsIgnore {
		f.text("\x00limits")
	}
}

func (f *fingerprint) sum() uint64 { return f.digest.Sum64() }
