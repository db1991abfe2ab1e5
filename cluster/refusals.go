package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"holdfast/cluster/netlimit"
)

// Refusal is a kind of failure between this node and whoever is at the other end: a closed list.
type Refusal struct {
	Port   string // PortLink or PortGossip
	Side   string // SideListener: somebody came to this node; SideDialer: this node went to somebody
	Reason string // one of the Reason constants
}

// The parts of a Refusal.
const (
	PortLink, PortGossip     = "link", "gossip"
	SideListener, SideDialer = "listener", "dialer"

	ReasonNotTLS    = "not_tls"           // HTTP or garbage where TLS must be spoken
	ReasonNoCert    = "no_certificate"    // TLS without a certificate
	ReasonAuthority = "unknown_authority" // a certificate that none of our authorities signed
	ReasonExpired   = "expired"           // a certificate whose time is over, or has not come
	ReasonWrongName = "wrong_name"        // a certificate that names another node
	ReasonRefusedUs = "refused_by_peer"   // the other side does not take our certificate
	ReasonWrongKey  = "wrong_key"         // gossip that none of our keys decrypts
	ReasonPlaintext = "not_encrypted"     // gossip without encryption, where there are keys
	ReasonNotANode  = "not_a_node"        // it says what no node says
	ReasonSilent    = "silent"            // it hung up, or said nothing in time
	ReasonStore     = "other_database"    // it is on another store
	ReasonTooMany   = "too_many"          // more connections than the port admits
	ReasonHandshake = "handshake"         // TLS failed for another reason
)

const (
	refusalsEvery     = time.Minute     // between two lines about one kind of refusal
	handshakePatience = 5 * time.Second // of the link's port with whoever comes
)

// refusals are a node's failures between nodes and with strangers.
type refusals struct {
	*netlimit.Digest[Refusal]
}

func newRefusals(log *slog.Logger) *refusals {
	return &refusals{netlimit.NewDigest[Refusal](log, "turned away between nodes", refusalsEvery)}
}

// note counts and tells one. Port scanners and health checks of load balancers hang up without a word: that is no warning.
func (r *refusals) note(kind Refusal, peer, address, why string) {
	level := slog.LevelWarn
	if kind.Reason == ReasonSilent {
		level = slog.LevelInfo
	}
	why, _, _ = strings.Cut(why, " (possibly because of") // x509 guesses at length
	r.Add(kind, netlimit.Trouble{Level: level, Address: address, Peer: peer, Why: why}, "port", kind.Port, "side", kind.Side, "reason", kind.Reason)
}

// errWrongName says that a certificate names another node.
var errWrongName = errors.New("the certificate names another node")

// reasonOf sorts a failed handshake.
func reasonOf(err error) string {
	var (
		record    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		hostname  x509.HostnameError
		op        *net.OpError
	)
	switch {
	case errors.As(err, &record):
		return ReasonNotTLS
	case errors.As(err, &authority):
		return ReasonAuthority
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return ReasonExpired
	case errors.As(err, &hostname), errors.Is(err, errWrongName):
		return ReasonWrongName
	case errors.As(err, &op) && op.Op == "remote error":
		return ReasonRefusedUs
	case strings.Contains(err.Error(), "didn't provide a certificate"):
		return ReasonNoCert
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, net.ErrClosed):
		return ReasonSilent
	}
	return ReasonHandshake
}

// gossipTroubles are the lines of memberlist's that tell of nodes with other keys and of strangers, by what is in them, in lower
// case. The first that fits counts; a line that none fits is about nodes that come and go.
var gossipTroubles = []struct{ part, reason string }{
	{"decrypt packet failed", ReasonWrongKey},
	{"no installed keys could decrypt", ReasonWrongKey},
	{"encryption is not configured", ReasonWrongKey},
	{"encryption is configured but", ReasonPlaintext},
	{"unacceptable label", ReasonNotANode},
	{"double stream label", ReasonNotANode},
	{"double packet label", ReasonNotANode},
	{"stream label header: eof", ReasonSilent},
	{"i/o timeout", ReasonSilent},
	{"connection reset", ReasonSilent},
	{"use of closed network connection", ReasonSilent},
	{"stream label header", ReasonNotANode},
	{"failed to receive:", ReasonNotANode},
	{"received invalid msgtype", ReasonNotANode},
	{"packet too short", ReasonNotANode},
	{"missing message type byte", ReasonNotANode},
	{"not supported", ReasonNotANode},
	{"failed to decode", ReasonNotANode},
	{"failed to decompress", ReasonNotANode},
	{"invalid checksum", ReasonNotANode},
	{"failed to read remote state", ReasonNotANode},
	{"truncated", ReasonNotANode},
	{"label", ReasonNotANode}, // of a packet whose label cannot be cut off
}

// gossipTrouble reads one of memberlist's lines. ok: it tells of a refusal of what came from address.
func gossipTrouble(line string) (reason, address, why string, ok bool) {
	_, text, found := strings.Cut(line, "memberlist: ")
	if !found || strings.HasPrefix(line, "[DEBUG]") || strings.HasPrefix(line, "[INFO]") {
		return "", "", "", false
	}
	at := strings.LastIndex(text, "from=")
	if at < 0 {
		return "", "", "", false
	}
	why = strings.TrimRight(text[:at], ": ")
	address, _, _ = strings.Cut(text[at+len("from="):], " ")
	lower := strings.ToLower(why)
	for _, known := range gossipTroubles {
		if strings.Contains(lower, known.part) {
			return known.reason, address, why, true
		}
	}
	return "", "", "", false
}

// joinTrouble sorts why another node's gossip could not be joined. ok is false where nobody was there.
func joinTrouble(err error) (reason string, ok bool) {
	text := strings.ToLower(err.Error())
	switch {
	case strings.Contains(text, "could decrypt"), strings.Contains(text, "encryption is not configured"):
		return ReasonWrongKey, true
	case strings.Contains(text, "encryption is configured but"):
		return ReasonPlaintext, true
	case strings.Contains(text, "label"), strings.Contains(text, "msgtype"), strings.Contains(text, "decod"), strings.Contains(text, "invalid"):
		return ReasonNotANode, true
	case strings.Contains(text, "eof"):
		return ReasonSilent, true
	}
	return "", false
}

// Refusals are all failures so far between this node and others, by kind.
func (n *Node) Refusals() map[Refusal]uint64 { return n.refusals.Counts() }

// Troubles are the kinds of failures that go on: there was one within the last minute.
func (n *Node) Troubles() []netlimit.Notice[Refusal] { return n.refusals.Current() }
