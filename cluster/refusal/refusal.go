package refusal

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

	"holdfast/cluster/keys"
	"holdfast/cluster/netlimit"
)

// Kind is a kind of failure between this node and the other end: a closed list.
type Kind struct {
	Port   string // PortLink or PortGossip
	Side   string // SideListener: somebody came to this node; SideDialer: this node went to somebody
	Reason string // one of the Reason constants
}

// The parts of a Kind.
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
	ReasonProtocol  = "other_protocol"    // its build speaks no version of the link that this one speaks
	ReasonTooMany   = "too_many"          // more connections than the port admits
	ReasonHandshake = "handshake"         // TLS failed for another reason
)

// every is the time between two lines about one kind.
const every = time.Minute

// Log counts a node's failures between nodes and with strangers, and tells each kind now and then. Safe for concurrent
// use.
type Log struct {
	*netlimit.Digest[Kind]
}

// NewLog has none yet. Close ends it.
func NewLog(log *slog.Logger) *Log {
	return &Log{netlimit.NewDigest[Kind](log, "turned away between nodes", every)}
}

// Note counts and tells one. peer is the node that was meant, empty where nobody knows. Port scanners and health checks
// of load balancers hang up without a word: that is no warning.
func (l *Log) Note(kind Kind, peer, address, why string) {
	level := slog.LevelWarn
	if kind.Reason == ReasonSilent {
		level = slog.LevelInfo
	}
	why, _, _ = strings.Cut(why, " (possibly because of") // x509 guesses at length
	l.Add(kind, netlimit.Trouble{Level: level, Address: address, Peer: peer, Why: why}, "port", kind.Port, "side",
		kind.Side, "reason", kind.Reason)
}

// ReasonOf sorts a failed handshake.
func ReasonOf(err error) string {
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
	case errors.As(err, &hostname), errors.Is(err, keys.ErrWrongName):
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
