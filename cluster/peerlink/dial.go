package peerlink

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"holdfast/cluster/refusal"
)

// dialOn keeps a session with the peer: quickly again after one that has lasted, more and more seldom while none does.
func (l *Link) dialOn(p *peer) {
	wait := l.opts.redialMin
	for p.ctx.Err() == nil {
		began := l.now()
		err := l.call(p)
		if l.now()-began > int64(l.opts.DownAfter) {
			wait = l.opts.redialMin
		}
		l.opts.Logger.Debug("no link", "peer", p.name, "address", p.at(), "why", err, "again", wait)
		timer := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-timer.C:
		case <-p.ctx.Done():
			timer.Stop()
		}
		wait = min(wait*8/5, l.opts.redialMax)
	}
}

var errNoHello = errors.New("the peer did not say hello in time")

// call is one connection with one stream, from the dialling to the end.
func (l *Link) call(p *peer) error {
	ctx, cancel := context.WithCancelCause(p.ctx)
	defer cancel(errClosed)
	s := &session{link: l, peer: p, ctx: ctx, cancel: cancel}
	late := time.AfterFunc(l.opts.DownAfter+l.opts.HandshakeTimeout, func() { cancel(errNoHello) })
	defer late.Stop()
	conn, err := l.connect(s, p.at())
	if err != nil {
		return err
	}
	defer conn.Close()
	stream, err := conn.NewStream(ctx, &streamDesc, method, grpc.ForceCodecV2(raw{}),
		grpc.MaxCallRecvMsgSize(frameMax), grpc.MaxCallSendMsgSize(frameMax))
	if err != nil {
		return err
	}
	s.stream = stream
	if err := l.greet(s); err != nil {
		l.noteRefusal(p, err)
		return err
	}
	if err := s.takeTurn(); err != nil {
		return err
	}
	if late.Stop() {
		s.run()
	} else {
		<-p.turn.held
	}
	return context.Cause(ctx)
}

// connect makes a connection for one session; gRPC dials when the stream is opened, once.
func (l *Link) connect(s *session, address string) (*grpc.ClientConn, error) {
	o := &l.opts
	return grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(&dialCredentials{link: l, session: s, address: address}),
		grpc.WithContextDialer(func(ctx context.Context, to string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", to)
		}),
		grpc.WithNoProxy(), grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(), grpc.WithIdleTimeout(0),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: redialMax, MaxDelay: redialMax}, MinConnectTimeout: o.DownAfter,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingAfter, Timeout: pingTimeout}),
		grpc.WithStaticStreamWindowSize(window), grpc.WithStaticConnWindowSize(window),
		grpc.WithReadBufferSize(ioBuffer), grpc.WithWriteBufferSize(ioBuffer), grpc.WithMaxHeaderListSize(headersMax),
	)
}

// greet says hello and reads the answer. The error is why the other end is not the peer, or does not take this node.
func (l *Link) greet(s *session) error {
	mine := l.hello(s.peer.id)
	if err := s.stream.SendMsg(&outgoing{helloBuffer(&mine)}); err != nil && status.Code(err) != codes.Unknown {
		return err // else the reader hears why
	}
	var in incoming
	if err := s.stream.RecvMsg(&in); err != nil {
		return err
	}
	defer in.free()
	theirs, err := parseHello(in.bytes())
	if err != nil {
		l.malformed.Add(1)
		return status.Error(codes.InvalidArgument, err.Error())
	}
	if theirs.from != s.peer.id || theirs.to != l.opts.ID {
		l.strays.Add(1)
		return errors.New("another process answers at its address")
	}
	s.protocol, err = l.judge(&theirs)
	return err
}

// hello is what this node says of itself.
func (l *Link) hello(to [16]byte) hello {
	return hello{protocol: l.opts.Protocol, from: l.opts.ID, to: to, store: l.opts.Store}
}

func helloBuffer(h *hello) *[]byte {
	b := buffers.take()
	*b = h.append(*b)
	return b
}

// judge finds the protocol that is spoken with a node, or says why there is none.
func (l *Link) judge(theirs *hello) (protocol uint8, err error) {
	if why := otherStore(l.opts.Store, theirs.store); why != "" {
		return 0, status.Error(codeOf[refusal.ReasonStore], "cluster: "+why)
	}
	if protocol = common(l.opts.Protocol, theirs.protocol); protocol == 0 {
		return 0, status.Error(codeOf[refusal.ReasonProtocol], "cluster: "+otherProtocol(l.opts.Protocol,
			theirs.protocol))
	}
	return protocol, nil
}

// codeOf is how one end tells the other why it refuses.
var codeOf = map[string]codes.Code{
	refusal.ReasonStore: codes.FailedPrecondition, refusal.ReasonProtocol: codes.Unimplemented,
	refusal.ReasonWrongName: codes.PermissionDenied, refusal.ReasonNotANode: codes.InvalidArgument,
}

// noteRefusal counts and tells what the dialler was refused for. What failed in the handshake has been told there, and
// a peer that is not there or does not know this node yet is no trouble.
func (l *Link) noteRefusal(p *peer, err error) {
	code := status.Code(err)
	why := status.Convert(err).Message()
	if code == codeOf[refusal.ReasonProtocol] && !isOurs(why) {
		why = "its build speaks another link: protocol 2, Proto.Actor's remote, or none: " + why
	}
	for reason, c := range codeOf {
		if c == code {
			l.note(refusal.SideDialer, reason, p.name, p.at(), why)
		}
	}
}
