package peerlink

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

	"holdfast/cluster/keys"
	"holdfast/cluster/refusal"
)

// dialCredentials make the dialler's end of one connection, and see what fails on the way. Each handshake takes the
// keys as they are at that moment, so that new ones need no restart. The acceptor's end is acceptCredentials.
type dialCredentials struct {
	link    *Link
	session *session // for which the connection is made
	address string
}

func (c *dialCredentials) inner() credentials.TransportCredentials {
	if c.link.opts.Keys == nil {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(c.link.opts.Keys.ClientConfig(c.session.peer.name))
}

// Info is for gRPC.
func (c *dialCredentials) Info() credentials.ProtocolInfo { return c.inner().Info() }

// Clone is for gRPC: a clone shares everything.
func (c *dialCredentials) Clone() credentials.TransportCredentials { return c }

// OverrideServerName is for gRPC, which does not use it any more.
func (c *dialCredentials) OverrideServerName(string) error { return errors.ErrUnsupported }

// ServerHandshake is for gRPC, which does not call it.
func (c *dialCredentials) ServerHandshake(net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.ErrUnsupported
}

// ClientHandshake is for gRPC.
func (c *dialCredentials) ClientHandshake(ctx context.Context, _ string, dialled net.Conn) (
	net.Conn, credentials.AuthInfo, error) {
	peer := c.session.peer.name
	conn, info, err := c.inner().ClientHandshake(ctx, keys.NodeName, dialled)
	if err != nil {
		if c.session.ctx.Err() == nil && !errors.Is(err, context.Canceled) { // else this side has hung up
			c.link.note(refusal.SideDialer, refusal.ReasonOf(err), peer, c.address, err.Error())
		}
		return nil, nil, err
	}
	return &watchedConn{Conn: conn, link: c.link, side: refusal.SideDialer, peer: peer, address: c.address}, info, nil
}

// acceptCredentials make the acceptor's end of all connections.
type acceptCredentials struct{ link *Link }

func (c *acceptCredentials) inner() credentials.TransportCredentials {
	if c.link.opts.Keys == nil {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(c.link.opts.Keys.ServerConfig())
}

// Info is for gRPC.
func (c *acceptCredentials) Info() credentials.ProtocolInfo { return c.inner().Info() }

// Clone is for gRPC: a clone shares everything.
func (c *acceptCredentials) Clone() credentials.TransportCredentials { return c }

// OverrideServerName is for gRPC, which does not use it any more.
func (c *acceptCredentials) OverrideServerName(string) error { return errors.ErrUnsupported }

// ClientHandshake is for gRPC, which does not call it.
func (c *acceptCredentials) ClientHandshake(context.Context, string, net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.ErrUnsupported
}

// ServerHandshake is for gRPC: the first that is seen of a connection.
func (c *acceptCredentials) ServerHandshake(accepted net.Conn) (net.Conn, credentials.AuthInfo, error) {
	address := accepted.RemoteAddr().String()
	admitted := c.link.opts.Port.Admit(accepted)
	if admitted == nil {
		err := errors.New("cluster: more connections at the link's port than are admitted")
		c.link.note(refusal.SideListener, refusal.ReasonTooMany, "", address, err.Error())
		return nil, nil, err
	}
	conn, info, err := c.inner().ServerHandshake(admitted)
	if err != nil {
		c.link.note(refusal.SideListener, refusal.ReasonOf(err), "", address, err.Error())
		_ = admitted.Close() // the handshake's error says it all
		return nil, nil, err
	}
	return &watchedConn{
		Conn: conn, link: c.link, side: refusal.SideListener, address: address, greeting: greeting,
	}, info, nil
}

// greeting is what an HTTP/2 client says first.
const greeting = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// watchedConn hears what TLS 1.3 tells only after the handshake: that the other side does not believe our certificate.
// At the acceptor's end it also sees whether the first bytes are those of a node.
type watchedConn struct {
	net.Conn
	link                *Link
	side, peer, address string
	greeting            string // what is still to be said; read by gRPC's one reader
	reported            atomic.Bool
}

// Read is gRPC's.
func (w *watchedConn) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if w.greeting != "" {
		w.greet(p[:n], err)
	}
	if err != nil && refusal.ReasonOf(err) == refusal.ReasonRefusedUs {
		w.note(refusal.ReasonRefusedUs, err.Error())
	}
	return n, err
}

func (w *watchedConn) greet(said []byte, err error) {
	k := min(len(said), len(w.greeting))
	switch {
	case !bytes.Equal(said[:k], []byte(w.greeting[:k])):
		w.note(refusal.ReasonNotANode, fmt.Sprintf("it begins with %.16q", said))
	case k == 0 && err != nil && refusal.ReasonOf(err) == refusal.ReasonSilent && w.greeting == greeting:
		w.note(refusal.ReasonSilent, err.Error())
	default:
		w.greeting = w.greeting[k:]
		return
	}
	w.greeting = ""
}

func (w *watchedConn) note(reason, why string) {
	if !w.reported.Swap(true) {
		w.link.note(w.side, reason, w.peer, w.address, why)
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
