package cluster

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"holdfast/storage"
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
			address, _ := caller(stream.Context())
			l.refusals.note(Refusal{PortLink, SideListener, ReasonNotANode}, "", address, fmt.Sprintf("its stream ended in a panic: %v", r))
			err = status.Error(codes.Internal, "no")
		}
	}()
	if err := l.greet(stream); err != nil {
		return err
	}
	address, leaf := caller(stream.Context())
	return handle(service, &doorStream{ServerStream: stream, link: l, address: address, leaf: leaf})
}

// noCalls: remote has calls without streams, all unfinished, and no node makes any.
func (l *link) noCalls(ctx context.Context, _ any, call *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
	l.refused.Add(1)
	address, _ := caller(ctx)
	l.refusals.note(Refusal{PortLink, SideListener, ReasonNotANode}, "", address, "it makes a call that no node makes: "+call.FullMethod)
	return nil, status.Error(codes.Unimplemented, "no")
}

type doorStream struct {
	grpc.ServerStream
	link    *link
	address string
	leaf    *x509.Certificate // nil without TLS
	known   *peer             // the last one that the certificate was held against
}

func (s *doorStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	message, ok := m.(*remote.RemoteMessage)
	if !ok {
		return status.Error(codes.Unimplemented, "no")
	}
	reason, err := ReasonNotANode, s.link.admit(message)
	if err == nil {
		reason, err = ReasonWrongName, s.checkSenders(message.GetMessageBatch())
	}
	if err != nil {
		s.link.refused.Add(1)
		s.link.refusals.note(Refusal{PortLink, SideListener, reason}, "", s.address, err.Error())
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return nil
}

// checkSenders holds whom the batches say to come from against the stream's certificate: who has a node's keys is that
// node, and no other. Of somebody who is in nobody's view the desk takes nothing anyway.
func (s *doorStream) checkSenders(b *remote.MessageBatch) error {
	if s.leaf == nil {
		return nil
	}
	for _, e := range b.GetEnvelopes() {
		sender, ok := senderOf(e.MessageData)
		if !ok {
			return fmt.Errorf("%w: bytes that are written in another way than a node's", errNotForDesk)
		}
		p := s.link.peer(sender)
		if p == nil || p == s.known {
			continue
		}
		if err := checkNamed(s.leaf, p.name); err != nil {
			return fmt.Errorf("it says that it is %s: %w", p.name, err)
		}
		s.known = p
	}
	return nil
}

// senderOf reads the writer in a batch's header where it stands, inside of the message's bytes: one field of protobuf's, exactly as long
// as the message, for of two fields the desk would read the other one. What is too short to be a batch has no sender.
func senderOf(data []byte) (w storage.WriterID, ok bool) {
	number, kind, tag := protowire.ConsumeTag(data)
	if tag < 0 || number != 1 || kind != protowire.BytesType {
		return w, len(data) == 0
	}
	b, n := protowire.ConsumeBytes(data[tag:])
	if len(b) >= headerSize {
		copy(w[:], b[2+len(w):])
	}
	return w, n >= 0 && tag+n == len(data)
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
