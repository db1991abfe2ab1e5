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

// NewBatchID makes the id of one append.
func NewBatchID() (id BatchID) { random(id[:]); return id }

// random fills b. crypto/rand never fails: it ends the process where it cannot deliver.
func random(b []byte) { _, _ = rand.Read(b) }

// uuidBytes are the text positions of the sixteen bytes of a UUID, in order.
var uuidBytes = [16]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

const uuidLength = 36

// String is the lower-case UUID.
func (id EventID) String() string { return string(id.appendText(make([]byte, 0, uuidLength))) }

func (id EventID) appendText(dst []byte) []byte {
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, []byte{b})
	}
	return dst
}

// MarshalText makes an EventID a UUID in JSON.
func (id EventID) MarshalText() ([]byte, error) {
	return id.appendText(make([]byte, 0, uuidLength)), nil
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
	var id EventID
	if len(text) != uuidLength {
		return id, fmt.Errorf("%w: %q is no event id", ErrFormat, clip(text))
	}
	for i, at := range uuidBytes {
		if _, err := hex.Decode(id[i:i+1], []byte(text[at:at+2])); err != nil {
			return EventID{}, fmt.Errorf("%w: %q is no event id", ErrFormat, text)
		}
	}
	if id.String() != text {
		return EventID{}, fmt.Errorf("%w: %q is not the canonical form of an event id", ErrFormat, text)
	}
	return id, nil
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
