package cluster

import (
	"context"
	"encoding/hex"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	grpcpeer "google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"holdfast/storage"
)

// The hello of a stream: each side names the store that it is on, the caller with its request and the one called before its first answer. Two
// that name different ones do not talk. A build that names none is not refused for that: its heartbeat row decides (see Kin).

const storeHeader = "holdfast-store"

// hello adds this node's store to what a call says.
func (l *link) hello(ctx context.Context) context.Context {
	if l.opts.Store == (storage.StoreID{}) {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, storeHeader, l.opts.Store.String())
}

// greet answers a caller's hello. The error ends its stream.
func (l *link) greet(stream grpc.ServerStream) error {
	if l.opts.Store != (storage.StoreID{}) {
		if err := stream.SetHeader(metadata.Pairs(storeHeader, l.opts.Store.String())); err != nil {
			return err
		}
	}
	said, _ := metadata.FromIncomingContext(stream.Context())
	why := l.otherStore(said)
	if why == "" {
		return nil
	}
	from := "unknown"
	if p, ok := grpcpeer.FromContext(stream.Context()); ok {
		from = p.Addr.String()
	}
	l.refused.Add(1)
	l.refusals.note(Refusal{PortLink, SideListener, ReasonStore}, "", from, why)
	return status.Error(codes.FailedPrecondition, "cluster: "+why)
}

// otherStore says why what the other side names is not this node's store; empty: it is, or it names none.
func (l *link) otherStore(said metadata.MD) string {
	named := said.Get(storeHeader)
	if len(named) == 0 || l.opts.Store == (storage.StoreID{}) || named[0] == l.opts.Store.String() {
		return ""
	}
	if raw, err := hex.DecodeString(named[0]); err != nil || len(raw) != len(l.opts.Store) {
		return fmt.Sprintf("the other side names %.40q as its store, which is no id", named[0])
	}
	return fmt.Sprintf("different databases: the caller and the called are on stores %s and %s, or the other way round", l.opts.Store, named[0])
}
