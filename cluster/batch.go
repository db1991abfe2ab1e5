package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"

	"holdfast/storage"
)

// A batch is what travels: a header, and the messages packed behind it.
//
//	version 1 | up 1 | to 16 | from 16 | session 8 | echo 8 | number 8 | ack 8 | at 8 | back 8      little-endian
//	then for each message: its length as a uvarint, and its bytes, up to the end
type header struct {
	up       bool // the sender counts the session as begun
	to, from storage.WriterID
	// session is the sender's, never zero; echo is the receiver's as the sender knows it, zero if it does not. Only where both are current does
	// anything else in a batch count.
	session, echo uint64
	// number counts the batches of a session that carry messages, from 1. One without any tells the newest number, so that the loss of the
	// last batch before a silence is noticed too.
	number uint64
	ack    uint64 // all of the receiver's batches up to this number have been delivered
	// at is the sender's clock in nanoseconds since its start, and back is the receiver's newest at plus the time it rested here, zero if there
	// was none: so each batch measures a round trip and no two clocks are compared.
	at, back int64
}

const (
	linkVersion = 1
	headerSize  = 2 + 2*len(storage.WriterID{}) + 6*8
	// batchMax is where a batch is full. One message that is larger goes alone.
	batchMax = 256 << 10
	// frameMax is the largest batch there is.
	frameMax = headerSize + binary.MaxVarintLen32 + max(MaxMessage, batchMax)
)

// put writes the header over the first headerSize bytes of b.
func (h header) put(b []byte) {
	b[0], b[1] = linkVersion, 0
	if h.up {
		b[1] = 1
	}
	copy(b[2:], h.to[:])
	copy(b[18:], h.from[:])
	for i, v := range [6]uint64{h.session, h.echo, h.number, h.ack, uint64(h.at), uint64(h.back)} {
		binary.LittleEndian.PutUint64(b[34+8*i:], v)
	}
}

var errBatch = errors.New("cluster: no batch of a peer's")

// parseBatch is strict, and looks at all of a batch before any of it is used. packed stays part of b.
func parseBatch(b []byte) (h header, packed []byte, messages int, err error) {
	if len(b) < headerSize || len(b) > frameMax {
		return h, nil, 0, fmt.Errorf("%w: %d bytes", errBatch, len(b))
	}
	if b[0] != linkVersion || b[1] > 1 {
		return h, nil, 0, fmt.Errorf("%w: version %d", errBatch, b[0])
	}
	h.up = b[1] == 1
	copy(h.to[:], b[2:])
	copy(h.from[:], b[18:])
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(b[34+8*i:]) }
	h.session, h.echo, h.number, h.ack, h.at, h.back = word(0), word(1), word(2), word(3), int64(word(4)), int64(word(5))
	packed = b[headerSize:]
	for rest := packed; len(rest) > 0; messages++ {
		if _, rest, err = cutMessage(rest); err != nil {
			return h, nil, 0, err
		}
	}
	if h.session == 0 || h.number == 0 && messages > 0 {
		return h, nil, 0, fmt.Errorf("%w: session %d, number %d, %d messages", errBatch, h.session, h.number, messages)
	}
	return h, packed, messages, nil
}

// cutMessage takes the first message off what is packed. A length has one form only, the shortest.
func cutMessage(packed []byte) (message, rest []byte, err error) {
	length, n := binary.Uvarint(packed)
	if n <= 0 || length > MaxMessage || length > uint64(len(packed)-n) || n > 1 && packed[n-1] == 0 {
		return nil, nil, fmt.Errorf("%w: a message of %d bytes where %d are left", errBatch, length, len(packed))
	}
	return packed[n : n+int(length)], packed[n+int(length):], nil
}

// appendMessage packs one more.
func appendMessage(packed, message []byte) []byte {
	packed = binary.AppendUvarint(packed, uint64(len(message)))
	return append(packed, message...)
}
