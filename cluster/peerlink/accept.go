package peerlink

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"holdfast/cluster/keys"
	"holdfast/cluster/refusal"
)

const (
	// gRPC's pings find a connection whose other machine has vanished, also one without a session: ten seconds are the
	// shortest that gRPC allows. Sessions have beats of their own, which are quicker.
	pingAfter   = 10 * time.Second
	pingTimeout = 5 * time.Second
	// pingsEvery is how often a peer may ping without being hung up on.
	pingsEvery = 5 * time.Second
	// idleMax is how long a connection may exist without a stream.
	idleMax = 10 * time.Second
	// headersMax bounds a stream's HTTP headers, of which a node sends a handful.
	headersMax = 8 << 10
	// streamsMax is of one connection; a node opens one.
	streamsMax = 4
)

// service is for gRPC, which wants a type to check a handler against.
type service interface{ accept(grpc.ServerStream) error }

func (l *Link) newServer() *grpc.Server {
	desc := &grpc.ServiceDesc{
		ServiceName: serviceName, HandlerType: (*service)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName: streamName, ServerStreams: true, ClientStreams: true,
			Handler: func(srv any, st grpc.ServerStream) error { return srv.(service).accept(st) },
		}},
	}
	server := grpc.NewServer(
		grpc.Creds(&acceptCredentials{l}), grpc.ForceServerCodecV2(raw{}), grpc.UnknownServiceHandler(l.unknown),
		grpc.MaxRecvMsgSize(frameMax), grpc.MaxSendMsgSize(frameMax), grpc.MaxConcurrentStreams(streamsMax),
		grpc.MaxHeaderListSize(headersMax), grpc.ConnectionTimeout(l.opts.HandshakeTimeout),
		grpc.StaticStreamWindowSize(window), grpc.StaticConnWindowSize(window),
		grpc.ReadBufferSize(ioBuffer), grpc.WriteBufferSize(ioBuffer),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingAfter, Timeout: pingTimeout,
			MaxConnectionIdle: idleMax}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingsEvery}),
	)
	server.RegisterService(desc, l)
	return server
}

// unknown takes what is no call of a node of this kind.
func (l *Link) unknown(_ any, st grpc.ServerStream) error {
	l.refused.Add(1)
	called, _ := grpc.MethodFromServerStream(st)
	address, _ := caller(st.Context())
	reason, why := refusal.ReasonNotANode, "a call that no node makes: "+called
	if strings.HasPrefix(called, "/remote.Remoting/") {
		reason, why = refusal.ReasonProtocol, "its build speaks protocol 2 or lower, Proto.Actor's remote"
	}
	l.note(refusal.SideListener, reason, "", address, why)
	return status.Error(codes.Unimplemented, otherLink)
}

// otherLink is what a build of this kind answers to calls of another kind.
const otherLink = "cluster: this node speaks the link's protocol 3 or higher"

// isOurs says that a build of this kind has worded a refusal.
func isOurs(why string) bool { return strings.HasPrefix(why, "cluster: ") }

// accept is one stream, on gRPC's goroutine: it ends the stream when the session has ended, which frees the reader.
func (l *Link) accept(st grpc.ServerStream) error {
	ctx, cancel := context.WithCancelCause(st.Context())
	s := &session{link: l, stream: st, ctx: ctx, cancel: cancel}
	defer context.AfterFunc(l.ctx, func() { cancel(errClosed) })()
	late := time.AfterFunc(l.opts.HandshakeTimeout, func() { cancel(errNoHello) })
	defer late.Stop()
	if !l.spawn(func() {
		if err := l.serve(s, late); err != nil {
			s.end(err)
		}
	}) {
		return status.Error(codes.Unavailable, errClosed.Error())
	}
	<-ctx.Done()
	why := context.Cause(ctx)
	if code := status.Code(why); code != codes.Unknown {
		return why
	}
	return status.Error(codes.Aborted, why.Error())
}

// serve reads the hello, waits until the caller is in the book, answers, and lives the session.
func (l *Link) serve(s *session, late *time.Timer) (err error) {
	defer func() {
		if r := recover(); r != nil { // a defect here must not be worse for the process than a broken connection
			err = status.Error(codes.Internal, fmt.Sprintf("cluster: %v", r))
			l.opts.Logger.Error("a stream of a peer ended in a panic", "panic", r)
		}
	}()
	theirs, err := l.welcome(s)
	if err != nil {
		return err
	}
	if s.peer, err = l.find(s, theirs); err != nil {
		return err
	}
	defer context.AfterFunc(s.peer.ctx, func() { s.end(context.Cause(s.peer.ctx)) })()
	if err := l.checkName(s); err != nil {
		return err
	}
	if err := s.takeTurn(); err != nil {
		return err
	}
	mine := l.hello(s.peer.id)
	if err := s.stream.SendMsg(&outgoing{helloBuffer(&mine)}); err != nil || !late.Stop() {
		<-s.peer.turn.held
		return err
	}
	s.run()
	return nil
}

// welcome reads the caller's hello.
func (l *Link) welcome(s *session) (*hello, error) {
	st := s.stream.(grpc.ServerStream)
	var in incoming
	if err := st.RecvMsg(&in); err != nil {
		return nil, err
	}
	defer in.free()
	theirs, err := parseHello(in.bytes())
	if err != nil {
		l.malformed.Add(1)
		return nil, l.refuse(st, refusal.ReasonNotANode, "cluster: "+err.Error())
	}
	if theirs.to != l.opts.ID {
		l.strays.Add(1)
		return nil, status.Error(codes.Unavailable, "cluster: another process listens here now")
	}
	if s.protocol, err = l.judge(&theirs); err != nil {
		reason := refusal.ReasonStore
		if status.Code(err) == codeOf[refusal.ReasonProtocol] {
			reason = refusal.ReasonProtocol
		}
		return nil, l.refuse(st, reason, status.Convert(err).Message())
	}
	if l.dials(theirs.from) {
		return nil, l.refuse(st, refusal.ReasonNotANode, "cluster: of two nodes the one with the lower id dials")
	}
	return &theirs, nil
}

// refuse counts and tells one refusal of a stream, and words it for the caller.
func (l *Link) refuse(st grpc.ServerStream, reason, why string) error {
	l.refused.Add(1)
	address, _ := caller(st.Context())
	l.note(refusal.SideListener, reason, "", address, strings.TrimPrefix(why, "cluster: "))
	return status.Error(codeOf[reason], why)
}

var errUnknown = errors.New("cluster: the caller is not in this node's view")

// find waits for the caller to be in the book: gossip may bring the news to the caller first.
func (l *Link) find(s *session, theirs *hello) (*peer, error) {
	for {
		l.mu.Lock()
		p, read := l.peer(theirs.from), l.read
		l.mu.Unlock()
		if p != nil {
			return p, nil
		}
		select {
		case <-read:
		case <-s.ctx.Done():
			if context.Cause(s.ctx) == errNoHello {
				l.strays.Add(1)
				return nil, status.Error(codes.Unavailable, errUnknown.Error())
			}
			return nil, context.Cause(s.ctx)
		}
	}
}

// checkName holds the peer against the stream's certificate: who has a node's keys is that node, and no other.
func (l *Link) checkName(s *session) error {
	st := s.stream.(grpc.ServerStream)
	_, leaf := caller(st.Context())
	if leaf == nil {
		return nil
	}
	err := keys.CheckNamed(leaf, s.peer.name)
	if err == nil {
		return nil
	}
	return l.refuse(st, refusal.ReasonWrongName, fmt.Sprintf("cluster: it says that it is %s: %v", s.peer.name, err))
}

// note counts and tells one refusal at the link's port.
func (l *Link) note(side, reason, peer, address, why string) {
	l.opts.Refusals.Note(refusal.Kind{Port: refusal.PortLink, Side: side, Reason: reason}, peer, address, why)
}

// noteFrame tells of a frame that ended a session.
func (l *Link) noteFrame(s *session, err error) {
	side := refusal.SideDialer
	if !l.dials(s.peer.id) {
		side = refusal.SideListener
	}
	l.note(side, refusal.ReasonNotANode, s.peer.name, s.peer.at(), err.Error())
}
