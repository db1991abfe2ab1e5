package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// line is one connection to a peer, from the wish for it to its end. remote knows connections by address, and its news of one that broke
// may come when the next to the same address is up, and end that one too. So each has an address of its own ("line-7"), which only this
// node's dialler understands, and whose target the other side's door rewrites.
type line struct {
	name   string
	peer   string // host:port
	node   string // the name of the node that is to be there
	target *actor.PID
	ctx    context.Context // ends the connecting as well as the connection
	cancel context.CancelFunc
	asked  atomic.Bool               // the first batch was sent, which makes remote connect
	ready  atomic.Pointer[time.Time] // since when there is a connection
}

func (l *link) newLine(peer, node string) *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	n := &line{name: fmt.Sprintf("line-%d", l.number), peer: peer, node: node}
	n.target = actor.NewPID(n.name, deskName)
	n.ctx, n.cancel = context.WithCancel(context.Background())
	l.lines[n.name] = n
	return n
}

// cut ends a line, whatever its state; remote hears of it as of a broken connection, and forgets it.
func (l *link) cut(n *line) {
	if n == nil {
		return
	}
	l.mu.Lock()
	delete(l.lines, n.name)
	l.mu.Unlock()
	n.cancel()
}

func (l *link) find(name string) *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines[name]
}

// mayAsk: while there is no connection, one batch is enough to have it made; more would pile up before it.
func (n *line) mayAsk() bool { return n.asked.CompareAndSwap(false, true) || n.ready.Load() != nil }

// idleFor is how long the connection has existed, zero while it does not.
func (n *line) idleFor(now time.Time) time.Duration {
	since := n.ready.Load()
	if since == nil {
		return 0
	}
	return now.Sub(*since)
}

func (l *link) dial(ctx context.Context, name string) (net.Conn, error) {
	n := l.find(name)
	if n == nil {
		return nil, errNoLine
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", n.peer)
	if err != nil {
		return nil, err
	}
	return &lineConn{conn, n}, nil
}

// lineConn knows for whom it was dialled.
type lineConn struct {
	net.Conn
	line *line
}

// openStream is called for the one stream of a line. It lives as long as the line.
func (l *link) openStream(_ context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	n := l.find(cc.Target())
	if n == nil {
		return nil, errNoLine
	}
	s, err := open(l.hello(n.ctx), desc, cc, method, opts...)
	if err != nil {
		return nil, err
	}
	return &lineStream{s, n, l}, nil
}

// lineStream tells the desk when the connection is there and when it has gone.
type lineStream struct {
	grpc.ClientStream
	line *line
	link *link
}

// RecvMsg never returns io.EOF: remote would take it for a friendly end, keep the dead connection, and lose everything sent to it.
func (s *lineStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if message, ok := m.(*remote.RemoteMessage); ok && err == nil && message.GetDisconnectRequest() != nil {
		err = status.Error(codes.Unavailable, "the peer hangs up")
	}
	if err == io.EOF {
		err = status.Error(codes.Unavailable, "the peer ended the stream")
	}
	if err == nil && s.line.ready.Load() == nil {
		err = s.greeted()
	} else if status.Code(err) == codes.FailedPrecondition {
		s.link.refusals.note(Refusal{PortLink, SideDialer, ReasonStore}, s.line.node, s.line.peer, status.Convert(err).Message())
	}
	if err != nil {
		s.link.tell(&lineEnded{s.line})
		return err
	}
	now := time.Now()
	if s.line.ready.CompareAndSwap(nil, &now) {
		s.link.tell(&lineReady{s.line})
	}
	return nil
}

// greeted reads the hello of the other side, which came with its first message.
func (s *lineStream) greeted() error {
	said, err := s.Header()
	if err != nil {
		return err
	}
	if why := s.link.otherStore(said); why != "" {
		s.link.refusals.note(Refusal{PortLink, SideDialer, ReasonStore}, s.line.node, s.line.peer, why)
		return status.Error(codes.FailedPrecondition, "cluster: "+why)
	}
	return nil
}
