package storage

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
)

// NewEventID makes a random id (a version 4 UUID).
func NewEventID() EventID {
	var id EventID
	random(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// NewWriterID makes the id of one incarnation of a writer.
func NewWriterID() (id WriterID) { random(id[:]); return id }

// NewStoreID makes the id of a store that is like no other.
func NewStoreID() (id StoreID) { random(id[:]); return id }

// NewBatchID makes the id of one append.
func NewBatchID() (id BatchID) { random(id[:]); return id }

// random fills b. crypto/rand never fails: it ends the process where it cannot deliver.
func random(b []byte) { _, _ = rand.Read(b) }

// uuidBytes are the text positions of the sixteen bytes of a UUID, in order.
var uuidBytes = [16]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

const (
	uuidLength = 36
	hexDigits  = "0123456789abcdef"
)

// String is the lower-case UUID.
func (id EventID) String() string { return string(id.Append(make([]byte, 0, uuidLength))) }

// Append appends the lower-case UUID.
func (id EventID) Append(dst []byte) []byte {
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hexDigits[b>>4], hexDigits[b&15])
	}
	return dst
}

// MarshalText makes an EventID a UUID in JSON.
func (id EventID) MarshalText() ([]byte, error) {
	return id.Append(make([]byte, 0, uuidLength)), nil
}

// UnmarshalText is ParseEventID.
func (id *EventID) UnmarshalText(text []byte) error {
	parsed, err := ParseEventID(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}

// ParseEventID reads the form String writes and no other: an event has one address. Errors wrap ErrFormat.
func ParseEventID(text string) (EventID, error) {
	id, ok := parseEventID(text)
	if !ok {
		return id, fmt.Errorf("%w: %q is no event id", ErrFormat, clip(text))
	}
	return id, nil
}

// EventIDFromText is ParseEventID for a hot path: it allocates nothing, whatever the text.
func EventIDFromText(text []byte) (EventID, bool) { return parseEventID(text) }

func parseEventID[T string | []byte](text T) (id EventID, ok bool) {
	if len(text) != uuidLength || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return id, false
	}
	for i, at := range uuidBytes {
		high, low := lowerHex(text[at]), lowerHex(text[at+1])
		if high > 15 || low > 15 {
			return EventID{}, false
		}
		id[i] = high<<4 | low
	}
	return id, true
}

// lowerHex is the digit's value, or 255.
func lowerHex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

// clip keeps a stranger's text from filling an error message.
func clip(text string) string {
	if len(text) > uuidLength {
		return text[:uuidLength] + "…"
	}
	return text
}

// Compare orders ids by their bytes.
func (id EventID) Compare(other EventID) int { return bytes.Compare(id[:], other[:]) }

// String is "<event>/<section number>".
func (k SectionKey) String() string {
	return k.Event.String() + "/" + strconv.FormatUint(uint64(k.Section), 10)
}

// Compare orders keys by event, then section: the order of Store.Sections.
func (k SectionKey) Compare(other SectionKey) int {
	return cmp.Or(k.Event.Compare(other.Event), cmp.Compare(k.Section, other.Section))
}

// String is the id in lower-case hexadecimal digits; of the zero id: "unknown".
func (id StoreID) String() string {
	if id == (StoreID{}) {
		return "unknown"
	}
	return hex.EncodeToString(id[:])
}
