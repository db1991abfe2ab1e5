package peerlink

import (
	"fmt"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

const (
	serviceName = "holdfast.Peer"
	streamName  = "Talk"
	method      = "/" + serviceName + "/" + streamName
)

// streamDesc is the one stream between two nodes, written by hand: bytes need no generated code.
var streamDesc = grpc.StreamDesc{StreamName: streamName, ServerStreams: true, ClientStreams: true}

// raw is gRPC's codec of the stream: bytes as they are. It neither copies what is sent nor what arrives in one piece.
type raw struct{}

var _ encoding.CodecV2 = raw{}

// Name is for gRPC.
func (raw) Name() string { return "holdfast" }

// Marshal is for gRPC: v is an *outgoing, whose buffer goes back to the pool when gRPC has written the bytes.
func (raw) Marshal(v any) (mem.BufferSlice, error) {
	out, ok := v.(*outgoing)
	if !ok {
		return nil, fmt.Errorf("cluster: %T is not sent to peers", v)
	}
	return mem.BufferSlice{mem.NewBuffer(out.data, buffers)}, nil
}

// Unmarshal is for gRPC: v is an *incoming, which holds the bytes until free.
func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	in, ok := v.(*incoming)
	if !ok {
		return fmt.Errorf("cluster: %T is not received from peers", v)
	}
	in.buffer = data.MaterializeToBuffer(mem.DefaultBufferPool())
	return nil
}

// outgoing is a buffer on its way out: the sender has given the buffer away.
type outgoing struct{ data *[]byte }

// incoming is what has arrived.
type incoming struct{ buffer mem.Buffer }

func (in *incoming) bytes() []byte { return in.buffer.ReadOnlyData() }

func (in *incoming) free() {
	if in.buffer != nil {
		in.buffer.Free()
		in.buffer = nil
	}
}

const (
	bufferStart  = 4 << 10
	bufferReused = 2 * frameFull // larger buffers are one big message's, and not kept
)

// bufferPool holds the buffers of frames. gRPC gives them back through mem.BufferPool.
type bufferPool struct{ pool sync.Pool }

var buffers = &bufferPool{sync.Pool{New: func() any {
	b := make([]byte, 0, bufferStart)
	return &b
}}}

// Get is for gRPC, which does not call it.
func (p *bufferPool) Get(length int) *[]byte {
	b := make([]byte, length)
	return &b
}

// Put takes a buffer back.
func (p *bufferPool) Put(b *[]byte) {
	if cap(*b) <= bufferReused {
		*b = (*b)[:0]
		p.pool.Put(b)
	}
}

// take is an empty buffer.
func (p *bufferPool) take() *[]byte { return p.pool.Get().(*[]byte) }
