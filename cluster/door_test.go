package cluster

import (
	"context"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"holdfast/storage"
)

// stranger speaks Proto.Actor's protocol to a node by hand.
func stranger(t *testing.T, n *tested) (remote.RemotingClient, context.Context) {
	t.Helper()
	conn, err := grpc.NewClient(n.link.address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(func() { cancel(); _ = conn.Close() })
	return remote.NewRemotingClient(conn), ctx
}

// letter is a batch in Proto.Actor's sense, right in everything that change leaves alone.
func letter(content []byte, change func(*remote.MessageBatch)) *remote.RemoteMessage {
	data, _ := proto.Marshal(wrapperspb.Bytes(content))
	b := &remote.MessageBatch{
		TypeNames: []string{batchType}, Targets: []*actor.PID{actor.NewPID("anywhere", deskName)}, Envelopes: []*remote.MessageEnvelope{{MessageData: data}},
	}
	if change != nil {
		change(b)
	}
	return &remote.RemoteMessage{MessageType: &remote.RemoteMessage_MessageBatch{MessageBatch: b}}
}

func connect() *remote.RemoteMessage {
	return &remote.RemoteMessage{MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{
		ConnectionType: &remote.ConnectRequest_ServerConnection{ServerConnection: &remote.ServerConnection{SystemId: "x", Address: "x"}},
	}}}
}

// TestDoorEndsStreamsThatSayWhatNoNodeSays: each of these would end the process, or stop the desk, if it came to
// remote's reader.
func TestDoorEndsStreamsThatSayWhatNoNodeSays(t *testing.T) {
	a := start(t, "a", nil)
	client, ctx := stranger(t, a)
	poison, _ := proto.Marshal(&actor.PoisonPill{})
	for name, m := range map[string]*remote.RemoteMessage{
		"nothing":        {},
		"unknown type":   letter(nil, func(b *remote.MessageBatch) { b.TypeNames[0] = "no.such.Type" }),
		"known type":     letter(nil, func(b *remote.MessageBatch) { b.TypeNames[0], b.Envelopes[0].MessageData = "actor.PoisonPill", poison }),
		"other target":   letter(nil, func(b *remote.MessageBatch) { b.Targets[0].Id = "activator" }),
		"no target":      letter(nil, func(b *remote.MessageBatch) { b.Targets = nil }),
		"target index":   letter(nil, func(b *remote.MessageBatch) { b.Envelopes[0].Target = 7 }),
		"negative index": letter(nil, func(b *remote.MessageBatch) { b.Envelopes[0].Target = -1 }),
		"type index":     letter(nil, func(b *remote.MessageBatch) { b.Envelopes[0].TypeId = 7 }),
		"sender index":   letter(nil, func(b *remote.MessageBatch) { b.Envelopes[0].Sender = 7 }),
		"sender":         letter(nil, func(b *remote.MessageBatch) { b.Senders = []*actor.PID{actor.NewPID("x", "y")} }),
		"serializer":     letter(nil, func(b *remote.MessageBatch) { b.Envelopes[0].SerializerId = 9 }),
		"future":         letter(nil, func(b *remote.MessageBatch) { b.Envelopes[0].TargetRequestId = 1 }),
		"headers":        letter(nil, func(b *remote.MessageBatch) { b.Envelopes[0].MessageHeader = &remote.MessageHeader{} }),
		"client":         {MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{}}},
		"hang up":        {MessageType: &remote.RemoteMessage_DisconnectRequest{DisconnectRequest: &remote.DisconnectRequest{}}},
	} {
		stream, err := client.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		_ = stream.Send(m)
		if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r := a.Refused(); r.Streams < 15 {
		t.Errorf("%+v", r)
	}
	b := start(t, "b", nil, a)
	connected(t, a, b) // alive and well
}

// ofNobody is a stream whose caller is not known.
type ofNobody struct{ grpc.ServerStream }

func (ofNobody) Context() context.Context { return context.Background() }

// TestDoorSurvivesWhatPanicsBehindIt: bytes of the right kind that are none of protobuf make remote return an error;
// whatever panics ends one stream.
func TestDoorSurvivesWhatPanicsBehindIt(t *testing.T) {
	a := start(t, "a", nil)
	client, ctx := stranger(t, a)
	stream, err := client.Receive(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_ = stream.Send(letter(nil, func(b *remote.MessageBatch) { b.Envelopes[0].MessageData = []byte{0xff} }))
	if _, err := stream.Recv(); err == nil {
		t.Error("broken bytes were taken")
	}
	if err := a.link.door(nil, ofNobody{}, nil, func(any, grpc.ServerStream) error { panic("behind the door") }); status.Code(err) != codes.Internal {
		t.Errorf("a panic became %v", err)
	}
	if _, err := client.ListProcesses(ctx, &remote.ListProcessesRequest{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("ListProcesses: %v", err)
	}
	if _, err := client.GetProcessDiagnostics(ctx, &remote.GetProcessDiagnosticsRequest{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("GetProcessDiagnostics: %v", err)
	}
}

// TestBatchesOfStrangersAreDroppedAndCounted: of nobody in the view, for somebody else, or unreadable.
func TestBatchesOfStrangersAreDroppedAndCounted(t *testing.T) {
	a := start(t, "a", patient)
	b := start(t, "b", patient, a)
	connected(t, a, b)
	before := a.Refused() // what b sent before a had heard of b by gossip was a stranger's too
	client, ctx := stranger(t, a)
	stream, err := client.Receive(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_ = stream.Send(connect())
	if m, err := stream.Recv(); err != nil || m.GetConnectResponse() == nil {
		t.Fatalf("%v, %v", m, err)
	}
	frame := func(h header) []byte {
		f := make([]byte, headerSize)
		h.put(f)
		return f
	}
	_ = stream.Send(letter(frame(header{from: storage.WriterID{1}, to: a.id(), session: 1}), nil))
	_ = stream.Send(letter(frame(header{from: b.id(), to: storage.WriterID{1}, session: 1 << 60}), nil))
	_ = stream.Send(letter([]byte("not a batch"), nil))
	want := Refused{Strays: before.Strays + 2, Malformed: before.Malformed + 1, Streams: before.Streams}
	for i := 1; a.Refused() != want; i++ {
		_ = b.Send(a.id(), []byte("x")) // comes to the same desk, sooner or later after them
		a.ear.until(t, "a message of b", func() bool { return a.ear.count(b.id(), "x") >= i || a.ear.count(b.id(), "down") > 0 })
		if i > 10_000 || a.ear.count(b.id(), "down") > 0 {
			t.Fatalf("%+v", a.Refused())
		}
	}
	if a.ear.count(b.id(), "down") != 0 {
		t.Error("a stranger broke a session")
	}
}
