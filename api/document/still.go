package document

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/valyala/fasthttp"
)

// Still is a document that never changes, in both variants.
type Still struct {
	plain, packed Document
}

// New makes one of a body. The tags are hashes of it.
func New(body []byte) (*Still, error) {
	packed, err := gzipped(body, gzipWell)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	tag := hex.EncodeToString(sum[:12])
	return &Still{
		plain:  Document{ETag: []byte(`"` + tag + `"`), Body: body},
		packed: Document{ETag: []byte(`"` + tag + `-gzip"`), Body: packed},
	}, nil
}

// NewTagged makes one of a body whose maker has a tag for it. It is packed fast: it will be replaced soon.
func NewTagged(body, etag []byte) (*Still, error) {
	packed, err := PackFast(body)
	if err != nil {
		return nil, err
	}
	tag := string(bytes.TrimSuffix(etag, []byte(`"`)))
	return &Still{
		plain:  Document{ETag: etag, Body: body},
		packed: Document{ETag: []byte(tag + `-gzip"`), Body: packed},
	}, nil
}

// Send answers with the variant that the caller can read.
func (d *Still) Send(ctx *fasthttp.RequestCtx, contentType string, cache []byte) {
	if WantsGzip(ctx) {
		d.packed.Send(ctx, true, contentType, cache)
		return
	}
	d.plain.Send(ctx, false, contentType, cache)
}

// Stills keeps a bounded number of documents, each built once however many ask for it at the same time. Megabytes each
// for a stadium's seat map: the bound is on what they weigh together, and one that is over it alone is kept alone.
type Stills[K comparable] struct {
	countMax, bytesMax int

	mu    sync.Mutex
	slots map[K]*stillSlot
	bytes int
}

// NewStills bounds how many documents are kept, and what they weigh together.
func NewStills[K comparable](countMax, bytesMax int) *Stills[K] {
	return &Stills[K]{countMax: countMax, bytesMax: bytesMax}
}

type stillSlot struct {
	once  sync.Once
	doc   *Still
	err   error
	bytes int // counted in stills.bytes; 0 until it is built
}

// Get gives the document, building it if need be. A failure is told to everybody who waits for it, and forgotten.
func (m *Stills[K]) Get(key K, build func() (*Still, error)) (*Still, error) {
	slot := m.slot(key)
	slot.once.Do(func() {
		slot.doc, slot.err = build()
		m.built(key, slot)
	})
	return slot.doc, slot.err
}

func (m *Stills[K]) slot(key K) *stillSlot {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slot := m.slots[key]; slot != nil {
		return slot
	}
	if m.slots == nil {
		m.slots = map[K]*stillSlot{}
	}
	slot := &stillSlot{}
	m.makeRoom(m.countMax-1, m.bytesMax)
	m.slots[key] = slot
	return slot
}

// built weighs a document that has just been built.
func (m *Stills[K]) built(key K, slot *stillSlot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.slots[key] != slot {
		return // forgotten meanwhile
	}
	delete(m.slots, key)
	if slot.err != nil {
		return // the next one tries again
	}
	slot.bytes = len(slot.doc.plain.Body) + len(slot.doc.packed.Body)
	m.makeRoom(m.countMax-1, m.bytesMax-slot.bytes)
	m.slots[key] = slot
	m.bytes += slot.bytes
}

// makeRoom forgets documents; Go's map order makes the victims random, which no caller can aim. mu is held.
func (m *Stills[K]) makeRoom(count, bytes int) {
	for victim, slot := range m.slots {
		if len(m.slots) <= count && m.bytes <= bytes {
			return
		}
		m.bytes -= slot.bytes
		delete(m.slots, victim)
	}
}
