package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"holdfast/actors/feed"
	"holdfast/actors/feed/envelope"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Bounds of endpoints.
const (
	EndpointsMax   = 64
	FilterMax      = 64  // types, and events, that one endpoint names
	DescriptionMax = 200 // characters
	OverlapMax     = 7 * 24 * time.Hour
)

// EndpointID names an endpoint for ever.
type EndpointID [16]byte

const idPrefix = "we_"

func (id EndpointID) String() string { return idPrefix + hex.EncodeToString(id[:]) }

// ParseEndpointID reads what String wrote.
func ParseEndpointID(text string) (id EndpointID, ok bool) {
	digits, ok := strings.CutPrefix(text, idPrefix)
	if !ok || len(digits) != 2*len(id) || strings.ToLower(digits) != digits {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(digits))
	return id, err == nil
}

// Why an endpoint is not told.
const (
	ByOperator = "operator" // an operator switched it off
	Gone       = "gone"     // it answered 410
	Failing    = "failing"  // nothing but failures for DisableAfter
)

// Endpoint is one address that is told, as it is kept. Nothing of it is secret: see secretOf.
type Endpoint struct {
	ID          EndpointID        `json:"-"`
	URL         string            `json:"url"`
	Types       []string          `json:"types,omitempty"`  // empty: all; "booking.*" is a family
	Events      []storage.EventID `json:"events,omitempty"` // empty: all
	Description string            `json:"description,omitempty"`
	CreatedAt   section.Instant   `json:"created_at"`
	Since       section.Instant   `json:"since"` // from when on it is told; 0: from the beginning
	// Generation counts its secrets from 0; the one before it signs too, until Overlap.
	Generation uint32          `json:"generation"`
	Overlap    section.Instant `json:"overlap,omitempty"`
	Disabled   string          `json:"disabled,omitempty"` // why; empty: it is told
	DisabledAt section.Instant `json:"disabled_at,omitempty"`
}

// Items of webhooks begin with 'w' and a letter:
//
//	w e · endpoint 16                           an endpoint, as JSON
//	w f · endpoint 16                           since when it does nothing but fail: at 8
//	w r · endpoint 16 · ref 30                  what is to be told again: see retry
//	w d · endpoint 16 · first at 8 · ref 30     a delivery: see Delivery
const (
	kindEndpoint = 'e'
	kindFailing  = 'f'
	kindRetry    = 'r'
	kindDelivery = 'd'
)

func prefixOf(kind byte, id EndpointID) []byte { return append([]byte{'w', kind}, id[:]...) }

func (e *Endpoint) item() storage.FeedItem {
	body, err := json.Marshal(e)
	if err != nil { // texts and numbers only
		panic(err)
	}
	return storage.FeedItem{Key: prefixOf(kindEndpoint, e.ID), Value: body}
}

func decodeEndpoint(item storage.FeedItem) (*Endpoint, error) {
	e := &Endpoint{}
	if len(item.Key) != 2+len(e.ID) || json.Unmarshal(item.Value, e) != nil {
		return nil, fmt.Errorf("webhook: %w: an endpoint", storage.ErrFormat)
	}
	copy(e.ID[:], item.Key[2:])
	return e, nil
}

// Wants says whether the endpoint is to be told of an event.
func (e *Endpoint) Wants(event storage.EventID, kind string) bool {
	if len(e.Events) > 0 && !slices.Contains(e.Events, event) {
		return false
	}
	return len(e.Types) == 0 || slices.ContainsFunc(e.Types, func(want string) bool { return matches(want, kind) })
}

func matches(want, kind string) bool {
	if family, whole := strings.CutSuffix(want, "*"); whole {
		return strings.HasPrefix(kind, family)
	}
	return want == kind
}

// CheckType says whether some event has a type that is wished for: one of envelope.Types, a family of them
// ("booking.*"), or "*".
func CheckType(want string) bool {
	if family, whole := strings.CutSuffix(want, "*"); whole && family != "" && !strings.HasSuffix(family, ".") {
		return false
	}
	return slices.ContainsFunc(envelope.Types(), func(kind string) bool { return matches(want, kind) })
}

const secretDomain = "holdfast webhook v1\x00"

// secretOf is an endpoint's secret of one generation. It is made of the store's own, so that it is kept nowhere, and
// all nodes know it.
func secretOf(store [32]byte, id EndpointID, generation uint32) []byte {
	mac := hmac.New(sha256.New, store[:])
	_, _ = io.WriteString(mac, secretDomain) // hashes never fail
	_, _ = mac.Write(binary.BigEndian.AppendUint32(id[:], generation))
	return mac.Sum(nil)
}

// SecretText is a secret as operators give it to receivers.
func SecretText(secret []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(secret) }

// States of a delivery.
const (
	Delivered byte = 1 + iota
	Retrying
	Dead // given up
)

// Delivery is what became of telling one endpoint one event.
type Delivery struct {
	Endpoint EndpointID
	Ref      feed.Ref
	FirstAt  section.Instant // of the first attempt; part of the delivery's id
	State    byte
	Attempts uint16
	LastAt   section.Instant
	Code     uint16 // HTTP; 0: there was no answer
	Latency  uint32 // of the last attempt, in milliseconds
	Due      section.Instant
	Fault    Fault
}

const (
	deliveryVersion1 = 1
	deliveryPrefix   = "dlv_"
	deliveryKeySize  = 2 + 16 + 8 + feed.RefSize
)

func (d *Delivery) key() []byte {
	key := binary.BigEndian.AppendUint64(prefixOf(kindDelivery, d.Endpoint), uint64(d.FirstAt))
	return feed.AppendRef(key, d.Ref)
}

// ID is the delivery's text.
func (d *Delivery) ID() string {
	return deliveryPrefix + base64.RawURLEncoding.EncodeToString(d.key()[2:])
}

// ParseDeliveryID reads what ID wrote.
func ParseDeliveryID(text string) (d Delivery, ok bool) {
	text, ok = strings.CutPrefix(text, deliveryPrefix)
	key, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil {
		return d, false
	}
	return d, d.readKey(append([]byte{'w', kindDelivery}, key...))
}

func (d *Delivery) readKey(key []byte) (ok bool) {
	if len(key) != deliveryKeySize {
		return false
	}
	copy(d.Endpoint[:], key[2:])
	d.FirstAt = section.Instant(binary.BigEndian.Uint64(key[18:]))
	d.Ref, ok = feed.ReadRef(key[26:])
	return ok
}

// item is version 1 · state 1 · attempts 2 · last at 8 · code 2 · latency 4 · due 8 · fault 1.
func (d *Delivery) item() storage.FeedItem {
	return storage.FeedItem{Key: d.key(), Value: d.value()}
}

func (d *Delivery) value() []byte {
	value := binary.BigEndian.AppendUint16([]byte{deliveryVersion1, d.State}, d.Attempts)
	value = binary.BigEndian.AppendUint64(value, uint64(d.LastAt))
	value = binary.BigEndian.AppendUint16(value, d.Code)
	value = binary.BigEndian.AppendUint32(value, d.Latency)
	value = binary.BigEndian.AppendUint64(value, uint64(d.Due))
	return append(value, byte(d.Fault))
}

const deliveryValueSize = 1 + 1 + 2 + 8 + 2 + 4 + 8 + 1

func (d *Delivery) readValue(v []byte) error {
	if len(v) != deliveryValueSize || v[0] != deliveryVersion1 || v[1] < Delivered || v[1] > Dead {
		return fmt.Errorf("webhook: %w: a delivery", storage.ErrFormat)
	}
	d.State, d.Attempts = v[1], binary.BigEndian.Uint16(v[2:])
	d.LastAt = section.Instant(binary.BigEndian.Uint64(v[4:]))
	d.Code, d.Latency = binary.BigEndian.Uint16(v[12:]), binary.BigEndian.Uint32(v[14:])
	d.Due, d.Fault = section.Instant(binary.BigEndian.Uint64(v[18:])), Fault(v[26])
	return nil
}

// retryItem is the delivery in the queue: under its reference, first at 8 and then what item has.
func (d *Delivery) retryItem() storage.FeedItem {
	key := feed.AppendRef(prefixOf(kindRetry, d.Endpoint), d.Ref)
	return storage.FeedItem{
		Key: key, Value: append(binary.BigEndian.AppendUint64(nil, uint64(d.FirstAt)), d.value()...),
	}
}

func decodeRetry(item storage.FeedItem) (d Delivery, err error) {
	broken := fmt.Errorf("webhook: %w: what is to be told again", storage.ErrFormat)
	if len(item.Key) != 2+16+feed.RefSize || len(item.Value) != 8+deliveryValueSize {
		return d, broken
	}
	copy(d.Endpoint[:], item.Key[2:])
	var ok bool
	if d.Ref, ok = feed.ReadRef(item.Key[18:]); !ok {
		return d, broken
	}
	d.FirstAt = section.Instant(binary.BigEndian.Uint64(item.Value))
	return d, d.readValue(item.Value[8:])
}
