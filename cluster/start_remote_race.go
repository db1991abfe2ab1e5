//go:build race

package cluster

import (
	"net"
	"reflect"
	"unsafe"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
)

// remote.Start sets gRPC's logger, a global without a lock, each time. With one node in a process nobody is there to notice; with several of
// them, as in tests, the race detector rightly does. So in its builds, and only there, this does what Start does but for that line.
func startRemote(r *remote.Remote, config *remote.Config) error {
	listener, err := net.Listen("tcp", config.Address())
	if err != nil {
		return err
	}
	system := (*actor.ActorSystem)(field(r, "actorSystem"))
	system.ProcessRegistry.RegisterAddressResolver(func(pid *actor.PID) (actor.Process, bool) { return remoteHandler(r, pid) })
	system.ProcessRegistry.Address = listener.Addr().String()
	manager := newManager(r)
	setField(r, "edpManager", manager)
	startManager(manager)
	server := grpc.NewServer(config.ServerOptions...)
	setField(r, "s", unsafe.Pointer(server))
	reader := newReader(r)
	setField(r, "edpReader", reader)
	service := reflect.NewAt(reflect.ValueOf(r).Elem().FieldByName("edpReader").Type().Elem(), reader).Interface()
	remote.RegisterRemotingServer(server, service.(remote.RemotingServer))
	go server.Serve(listener)
	return nil
}

func field(r *remote.Remote, name string) unsafe.Pointer {
	return *(*unsafe.Pointer)(reflect.ValueOf(r).Elem().FieldByName(name).Addr().UnsafePointer())
}

func setField(r *remote.Remote, name string, to unsafe.Pointer) {
	*(*unsafe.Pointer)(reflect.ValueOf(r).Elem().FieldByName(name).Addr().UnsafePointer()) = to
}

//go:linkname newManager github.com/asynkron/protoactor-go/remote.newEndpointManager
func newManager(r *remote.Remote) unsafe.Pointer

//go:linkname startManager github.com/asynkron/protoactor-go/remote.(*endpointManager).start
func startManager(manager unsafe.Pointer)

//go:linkname newReader github.com/asynkron/protoactor-go/remote.newEndpointReader
func newReader(r *remote.Remote) unsafe.Pointer

//go:linkname remoteHandler github.com/asynkron/protoactor-go/remote.(*Remote).remoteHandler
func remoteHandler(r *remote.Remote, pid *actor.PID) (actor.Process, bool)
