package peerlink

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A frame is one message of the gRPC stream: a header, and the messages packed behind it.
//
//	kind 1 | at 8 | back 8      little-endian
//	kindMessages: then for each message its length as a uvarint, and its bytes, up to the end; at least one
//	kindBeat:     nothing
//
// A kind is never changed. A later protocol adds kinds, and sends them only in sessions of that protocol or a later
// one.
type header struct {
	kind byte
	// at is the sender's clock in nanoseconds since its start, never zero. back is the receiver's newest at plus the
	// time that at rested here, zero if there was none: each frame measures a round trip, and no two clocks are
	// compared.
	at, back int64
}

const (
	kindMessages byte = 1
	kindBeat     byte = 2

	headerSize = 1 + 8 + 8
	// MaxMessage is the most bytes of one message of Send.
	MaxMessage = 1 << 20
	// frameFull is where a frame is full. One message that is larger goes alone.
	frameFull = 256 << 10
	// frameMax is the largest frame there is.
	frameMax = headerSize + binary.MaxVarintLen32 + max(MaxMessage, frameFull)
)

// kindsSince are the kinds of frames, and the first protocol that has each.
var kindsSince = [...]uint8{kindMessages: ProtocolStream, kindBeat: ProtocolStream}

// put writes the header over the first headerSize bytes of b.
func (h header) put(b []byte) {
	b[0] = h.kind
	binary.LittleEndian.PutUint64(b[1:], uint64(h.at))
	binary.LittleEndian.PutUint64(b[9:], uint64(h.back))
}

var errFrame = errors.New("no frame of a peer's")

// parseFrame is strict, and looks at the whole frame before any part is used. packed stays part of b.
func parseFrame(b []byte, protocol uint8) (h header, packed []byte, messages int, err error) {
	if len(b) < headerSize || len(b) > frameMax {
		return h, nil, 0, fmt.Errorf("%w: %d bytes", errFrame, len(b))
	}
	h = header{b[0], int64(binary.LittleEndian.Uint64(b[1:])), int64(binary.LittleEndian.Uint64(b[9:]))}
	if int(h.kind) >= len(kindsSince) || kindsSince[h.kind] == 0 || kindsSince[h.kind] > protocol {
		return h, nil, 0, fmt.Errorf("%w: kind %d in protocol %d", errFrame, h.kind, protocol)
	}
	packed = b[headerSize:]
	for rest := packed; len(rest) > 0; messages++ {
		if _, rest, err = cutMessage(rest); err != nil {
			return h, nil, 0, err
		}
	}
	if h.at <= 0 || (messages > 0) != (h.kind == kindMessages) {
		return h, nil, 0, fmt.Errorf("%w: kind %d of %d messages at %d", errFrame, h.kind, messages, h.at)
	}
	return h, packed, messages, nil
}

// cutMessage takes the first message off what is packed. A length has one form only, the shortest.
func cutMessage(packed []byte) (message, rest []byte, err error) {
	length, n := binary.Uvarint(packed)
	if n <= 0 || length > MaxMessage || length > uint64(len(packed)-n) || n > 1 && packed[n-1] == 0 {
		return nil, nil, fmt.Errorf("%w: a message of %d bytes where %d are left", errFrame, length, len(packed))
	}
	return packed[n : n+int(length)], packed[n+int(length):], nil
}

// appendMessage packs one more.
func appendMessage(packed, message []byte) []byte {
	packed = binary.AppendUvarint(packed, uint64(len(message)))
	return append(packed, message...)
}
