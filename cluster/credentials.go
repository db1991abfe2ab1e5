package cluster

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	grpcpeer "google.golang.org/grpc/peer"

	"holdfast/cluster/netlimit"
)

// linkCredentials make both ends of a link's connections, and see what fails on the way. Each handshake takes the keys as
// they are at that moment, so that new ones need no restart.
type linkCredentials struct {
	keys     *Keys // nil: plaintext
	port     *netlimit.Limiter
	refusals *refusals
}

func (c *linkCredentials) inner(node string) credentials.TransportCredentials {
	if c.keys == nil {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(c.keys.clientConfig(node))
}

// Info is for gRPC.
func (c *linkCredentials) Info() credentials.ProtocolInfo { return c.inner("").Info() }

// Clone is for gRPC: a clone shares everything.
func (c *linkCredentials) Clone() credentials.TransportCredentials { return c }

// OverrideServerName is for gRPC, which does not use it any more.
func (c *linkCredentials) OverrideServerName(string) error { return errors.ErrUnsupported }

// ClientHandshake is for gRPC: raw is a lineConn, which knows which node is meant.
func (c *linkCredentials) ClientHandshake(ctx context.Context, _ string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	to, ok := raw.(*lineConn)
	if !ok {
		return nil, nil, fmt.Errorf("cluster: a connection of nobody's line: %T", raw)
	}
	conn, info, err := c.inner(to.line.node).ClientHandshake(ctx, nodeName, raw)
	if err != nil {
		if to.line.ctx.Err() == nil && !errors.Is(err, context.Canceled) { // else we have hung up ourselves
			c.refusals.note(Refusal{PortLink, SideDialer, reasonOf(err)}, to.line.node, to.line.peer, err.Error())
		}
		return nil, nil, err
	}
	return &watchedConn{Conn: conn, refusals: c.refusals, side: SideDialer, peer: to.line.node, address: to.line.peer}, info, nil
}

// ServerHandshake is for gRPC. remote makes its listener itself, so this is the first that is seen of a connection.
func (c *linkCredentials) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	address := raw.RemoteAddr().String()
	admitted := c.port.Admit(raw)
	if admitted == nil {
		err := fmt.Errorf("cluster: more than %d connections at the link's port", ConnsMax)
		c.refusals.note(Refusal{PortLink, SideListener, ReasonTooMany}, "", address, err.Error())
		return nil, nil, err
	}
	server := insecure.NewCredentials()
	if c.keys != nil {
		server = credentials.NewTLS(c.keys.serverConfig())
	}
	conn, info, err := server.ServerHandshake(admitted)
	if err != nil {
		c.refusals.note(Refusal{PortLink, SideListener, reasonOf(err)}, "", address, err.Error())
		_ = admitted.Close() // the handshake's error says it all
		return nil, nil, err
	}
	return &watchedConn{Conn: conn, refusals: c.refusals, side: SideListener, address: address, greeting: greeting}, info, nil
}

// greeting is what an HTTP/2 client says first.
const greeting = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// watchedConn hears what TLS 1.3 tells only after the handshake: that the other side does not believe our certificate. Of
// whoever comes here it also sees whether the first bytes are those of a node.
type watchedConn struct {
	net.Conn
	refusals            *refusals
	side, peer, address string
	greeting            string // what is still to be said; read by gRPC's one reader
	told                atomic.Bool
}

// Read is gRPC's.
func (w *watchedConn) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if w.greeting != "" {
		w.greet(p[:n], err)
	}
	if err != nil && reasonOf(err) == ReasonRefusedUs {
		w.note(ReasonRefusedUs, err.Error())
	}
	return n, err
}

func (w *watchedConn) greet(said []byte, err error) {
	k := min(len(said), len(w.greeting))
	switch {
	case !bytes.Equal(said[:k], []byte(w.greeting[:k])):
		w.note(ReasonNotANode, fmt.Sprintf("it begins with %.16q", said))
	case k == 0 && err != nil && reasonOf(err) == ReasonSilent && w.greeting == greeting:
		w.note(ReasonSilent, err.Error())
	default:
		w.greeting = w.greeting[k:]
		return
	}
	w.greeting = ""
}

func (w *watchedConn) note(reason, why string) {
	if !w.told.Swap(true) {
		w.refusals.note(Refusal{PortLink, w.side, reason}, w.peer, w.address, why)
	}
}

// caller is who opened a stream: address, and the certificate, nil without TLS.
func caller(ctx context.Context) (address string, leaf *x509.Certificate) {
	p, ok := grpcpeer.FromContext(ctx)
	if !ok {
		return "", nil
	}
	if info, ok := p.AuthInfo.(credentials.TLSInfo); ok && len(info.State.PeerCertificates) > 0 {
		leaf = info.State.PeerCertificates[0]
	}
	return p.Addr.String(), leaf
}
