package wire

import (
	"crypto/sha256"
	"encoding/hex"
)

// LogChange is one line of what `holdfast log` prints: one change of one section's log, or a record without changes (a claim, a
// release). Lines come section by section, in the order of the log.
type LogChange struct {
	Event   string `json:"event"`
	Section string `json:"section"` // the section's id
	Seq     uint64 `json:"seq"`     // of the record
	Index   int    `json:"index"`   // of the change in its record
	Epoch   uint64 `json:"epoch"`
	At      Time   `json:"at"`
	// Kind is claim, released, hold_placed, hold_extended, hold_released, hold_expired, payment_begun, payment_failed, sold, refunded,
	// blocked or unblocked.
	Kind      string   `json:"kind"`
	Booking   string   `json:"booking,omitempty"` // as the API tells it
	Request   string   `json:"request,omitempty"` // RequestName of the request that did it; none for a lapse
	Buyer     string   `json:"buyer,omitempty"`   // BuyerName; of hold_placed only
	ExpiresAt *Time    `json:"expires_at,omitempty"`
	Seats     []uint32 `json:"seats,omitempty"` // indexes into the section, of hold_placed, blocked and unblocked
}

// BuyerHash is the pseudonym under which the log knows a buyer: half a SHA-256, so that the log holds no name.
func BuyerHash(name string) (id [16]byte) {
	sum := sha256.Sum256(append([]byte("holdfast buyer\x00"), name...))
	copy(id[:], sum[:])
	return id
}

// RequestHash names a buyer's request for ever: half a SHA-256 of who asks and under which key. It leaves out which call it was, so that
// one key on two different calls meets itself and is refused. Keys are at most 128 bytes.
func RequestHash(buyer [16]byte, key []byte) (id [16]byte) {
	text := make([]byte, 0, 1+len(buyer)+1+128)
	text = append(text, 'b')
	text = append(text, buyer[:]...)
	text = append(append(text, 0), key...)
	sum := sha256.Sum256(text)
	copy(id[:], sum[:])
	return id
}

// HashText is the text of either in a LogChange.
func HashText(id [16]byte) string { return hex.EncodeToString(id[:]) }
