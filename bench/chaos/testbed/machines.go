package testbed

import (
	"context"
	"net"
	"os/exec"
	"strconv"
	"strings"

	"holdfast/storage/sqlstore/pgserver"
)

// Host numbers the places where something stands: 0 is the database's, 1 and up are the nodes'.
type Host int

// StoreHost is the database's.
const StoreHost Host = 0

// Machines is where hosts stand, and what lies between them.
type Machines interface {
	// prepare makes a node's host.
	prepare(h Host) error
	// address is a new host:port for a service of a node.
	address(h Host, service int) string
	// storeIP is where the database listens besides 127.0.0.1; "": nowhere.
	storeIP() string
	// command is a program that will run on a host.
	command(h Host, name string, arguments ...string) *exec.Cmd
	// Cut drops whatever one host sends to the other; mend ends that.
	Cut(from, to Host) error
	Mend(from, to Host) error
	// Split says that cut works.
	Split() bool
	// close removes everything made here.
	close() error
}

// The services of a node.
const (
	serviceAPI = iota
	serviceGossip
	servicePeer
)

// loopback is machines without anything between its hosts.
type loopback struct{}

func (loopback) prepare(Host) error { return nil }

func (loopback) address(Host, int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(pgserver.FreePort()))
}

func (loopback) storeIP() string { return "" }

func (loopback) command(_ Host, name string, arguments ...string) *exec.Cmd {
	return exec.Command(name, arguments...) //nolint:noctx // ended by its id: a context would kill it
}

func (loopback) Cut(Host, Host) error  { return errNoCut }
func (loopback) Mend(Host, Host) error { return errNoCut }
func (loopback) Split() bool           { return false }
func (loopback) close() error          { return nil }

// openMachines chooses the machines; why says what kept it on the loopback.
func openMachines(ctx context.Context, onlyLoopback bool) (g Machines, why string, err error) {
	if onlyLoopback {
		return loopback{}, "it was asked for", nil
	}
	if why = NoNamespaces(); why != "" {
		return loopback{}, why, nil
	}
	made, err := newNamespaces(ctx)
	return made, "", err
}

// reasons joins what is missing.
func reasons(missing []string) string { return strings.Join(missing, ", ") }
