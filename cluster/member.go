package cluster

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"holdfast/cluster/peerlink"
	"holdfast/storage"
)

// State is what a node says of itself. Only a Serving one is proposed as an owner.
type State uint8

// A node's life, in this order. It may go from Joining straight to Draining.
const (
	Joining  State = iota // started, and not ready to own anything
	Serving               // may own sections
	Draining              // gives its sections away, and still forwards and answers
)

// String is the word for people, in lower case.
func (s State) String() string {
	switch s {
	case Joining:
		return "joining"
	case Serving:
		return "serving"
	case Draining:
		return "draining"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// Member is one node as it describes itself to the others. Comparable.
type Member struct {
	Writer     storage.WriterID // names this process start; two starts of one node never share it
	Name       string           // of the node, the same after a restart; shown to people
	Peer       string           // host:port of its end of the link
	API        string           // where clients reach it; opaque here
	Build      string           // its version; opaque here
	State      State
	Store      storage.StoreID // the store that it is on; zero: it has not said so
	StandsDown bool            // it does not serve because of foreign nodes; see IdentityCheck. Told with Store only
	// Protocol is the lowest and the highest version of the link that it speaks. Two nodes whose ranges have nothing in
	// common do not see each other; a build that speaks its predecessor's version too can be rolled out node by node.
	Protocol [2]uint8
}

// protocols is what this build speaks: the link's. Versions 1 and 2 were Proto.Actor's remote, which this build does
// not speak (see Upgrades in the package comment); 2 was the first that reads metaFormatStore.
var protocols = peerlink.Protocols

// protocolStore is the first version whose speakers read metaFormatStore.
const protocolStore = 2

func (m Member) speaksWith(ours [2]uint8) bool {
	return m.Protocol[0] <= ours[1] && ours[0] <= m.Protocol[1]
}

const (
	// metaMax is memberlist's bound on what a node may say of itself: it has to fit into one packet with other news.
	metaMax = 512
	// metaFormat stays 1 while any build in use writes it: a build with more to say goes on writing this one until
	// every member speaks a protocol that allows the next, else a cluster in the middle of an upgrade falls in two.
	metaFormat = 1
	// metaFormatStore is metaFormat with a store's id behind the writer's.
	metaFormatStore = 2
	metaFixed       = 1 + 1 + 2 + len(storage.WriterID{})
	metaStrings     = 4
)

// appendMeta writes the form in which a member is gossiped:
//
//	format 1 | state | protocol lowest | highest | writer 16 bytes | name, peer, api, build
//	format 2 | state | protocol lowest | highest | writer 16 bytes | store 16 bytes | yields 1 | the same four
//
// Each of the four is a length byte and that many bytes of UTF-8.
//
// A member that names no store takes format 1, which every build reads; see membership.say.
func appendMeta(dst []byte, m Member) ([]byte, error) {
	before := len(dst)
	format := byte(metaFormat)
	if m.Store != (storage.StoreID{}) {
		format = metaFormatStore
	}
	dst = append(dst, format, byte(m.State), m.Protocol[0], m.Protocol[1])
	dst = append(dst, m.Writer[:]...)
	if format == metaFormatStore {
		dst = append(dst, m.Store[:]...)
		dst = append(dst, oneIf(m.StandsDown))
	}
	for _, text := range [metaStrings]string{m.Name, m.Peer, m.API, m.Build} {
		if len(text) > 255 || !utf8.ValidString(text) {
			return nil, fmt.Errorf("cluster: %.40q is not at most 255 bytes of UTF-8", text)
		}
		dst = append(dst, byte(len(text)))
		dst = append(dst, text...)
	}
	if size := len(dst) - before; size > metaMax {
		return nil,
			fmt.Errorf("cluster: name, addresses and build of this node take %d bytes together; %d fit into a gossip "+
				"packet: shorten one", size, metaMax)
	}
	return dst, nil
}

func oneIf(b bool) byte {
	if b {
		return 1
	}
	return 0
}

var errMeta = errors.New("cluster: what a member says of itself cannot be read")

// parseMeta is strict: exactly what appendMeta writes, nothing behind it.
func parseMeta(b []byte) (m Member, err error) {
	if len(b) < metaFixed || len(b) > metaMax {
		return Member{}, fmt.Errorf("%w: %d bytes", errMeta, len(b))
	}
	if b[0] != metaFormat && b[0] != metaFormatStore {
		return Member{}, fmt.Errorf("%w: format %d, this build reads %d and %d", errMeta, b[0], metaFormat,
			metaFormatStore)
	}
	m.State, m.Protocol = State(b[1]), [2]uint8{b[2], b[3]}
	copy(m.Writer[:], b[4:])
	if m.State > Draining || m.Protocol[0] == 0 || m.Protocol[0] > m.Protocol[1] || m.Writer == (storage.WriterID{}) {
		return Member{}, fmt.Errorf("%w: %v, protocol %d to %d, writer %x", errMeta, m.State, b[2], b[3], m.Writer)
	}
	rest := b[metaFixed:]
	if b[0] == metaFormatStore {
		// the zero store is not written
		if len(rest) < len(m.Store)+1 || storage.StoreID(rest) == m.Store || rest[len(m.Store)] > 1 {
			return Member{}, fmt.Errorf("%w: no store id", errMeta)
		}
		m.Store, m.StandsDown = storage.StoreID(rest), rest[len(m.Store)] == 1
		rest = rest[len(m.Store)+1:]
	}
	for _, text := range [metaStrings]*string{&m.Name, &m.Peer, &m.API, &m.Build} {
		if *text, rest, err = cutText(rest); err != nil {
			return Member{}, err
		}
	}
	if len(rest) != 0 {
		return Member{}, fmt.Errorf("%w: %d bytes too many", errMeta, len(rest))
	}
	return m, nil
}

func cutText(b []byte) (text string, rest []byte, err error) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return "", nil, fmt.Errorf("%w: cut short", errMeta)
	}
	end := 1 + int(b[0])
	if !utf8.Valid(b[1:end]) {
		return "", nil, fmt.Errorf("%w: not UTF-8", errMeta)
	}
	return string(b[1:end]), b[end:], nil
}
