package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The door stands before remote's reader, which trusts what it reads: a type that it does not know, an index out of range or a call that it
// does not implement would end this process, and a message may name any actor, and stop it. So only one kind of message passes: bytes, for
// the desk. Whoever sends another loses its stream.

var batchType = string((&wrapperspb.BytesValue{}).ProtoReflect().Descriptor().FullName())

// door guards a stream, and keeps what still panics behind it from ending the process.
func (l *link) door(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	defer func() {
		if r := recover(); r != nil {
			l.refused.Add(1)
			l.opts.Logger.Warn("a peer's stream ended in a panic", "panic", r)
			err = status.Error(codes.Internal, "no")
		}
	}()
	if err := l.greet(stream); err != nil {
		return err
	}
	return handle(service, &doorStream{stream, l})
}

// noCalls: remote has calls without streams, all unfinished, and no node makes any.
func (l *link) noCalls(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) {
	l.refused.Add(1)
	return nil, status.Error(codes.Unimplemented, "no")
}

type doorStream struct {
	grpc.ServerStream
	link *link
}

func (s *doorStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	message, ok := m.(*remote.RemoteMessage)
	if !ok {
		return status.Error(codes.Unimplemented, "no")
	}
	if err := s.link.admit(message); err != nil {
		s.link.refused.Add(1)
		s.link.opts.Logger.Warn("a peer's stream was ended for what it sent", "why", err)
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return nil
}

var errNotForDesk = errors.New("only bytes for the desk are taken")

// admit checks a message and turns its target into this node's desk, under whatever address the sender knows it.
func (l *link) admit(message *remote.RemoteMessage) error {
	switch m := message.MessageType.(type) {
	case *remote.RemoteMessage_ConnectRequest:
		if m.ConnectRequest.GetServerConnection() == nil {
			return fmt.Errorf("%w: it connects as something else than a node", errNotForDesk)
		}
		return nil
	case *remote.RemoteMessage_MessageBatch:
		return l.admitBatch(m.MessageBatch)
	}
	return fmt.Errorf("%w: a message of an unknown kind", errNotForDesk)
}

func (l *link) admitBatch(b *remote.MessageBatch) error {
	if len(b.GetTargets()) != 1 || b.Targets[0].GetId() != deskName || len(b.TypeNames) != 1 || b.TypeNames[0] != batchType || len(b.Senders) != 0 {
		return fmt.Errorf("%w: %d targets, types %q", errNotForDesk, len(b.GetTargets()), b.GetTypeNames())
	}
	for _, e := range b.Envelopes {
		if e == nil || e.Target != 0 || e.TypeId != 0 || e.Sender != 0 || e.SerializerId != 0 || e.TargetRequestId != 0 || e.SenderRequestId != 0 || e.MessageHeader != nil {
			return fmt.Errorf("%w: an envelope that says more", errNotForDesk)
		}
	}
	b.Targets[0] = l.deskPID
	return nil
}
