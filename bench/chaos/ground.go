package chaos

import (
	"context"
	"net"
	"os/exec"
	"strconv"
	"strings"

	"holdfast/storage/sqlstore/pgserver"
)

// host numbers the places where something stands: 0 is the database's, 1 and up are the nodes'.
type host int

const storeHost host = 0

// ground is where hosts stand, and what lies between them.
type ground interface {
	// prepare makes a node's host.
	prepare(h host) error
	// address is a new host:port for a service of a node.
	address(h host, service int) string
	// storeIP is where the database listens besides 127.0.0.1; "": nowhere.
	storeIP() string
	// command is a program that will run on a host.
	command(h host, name string, arguments ...string) *exec.Cmd
	// cut drops whatever one host sends to the other; mend ends that.
	cut(from, to host) error
	mend(from, to host) error
	// split says that cut works.
	split() bool
	// close removes everything made here.
	close() error
}

// The services of a node.
const (
	serviceAPI = iota
	serviceGossip
	servicePeer
)

// loopback is a ground without anything between its hosts.
type loopback struct{}

func (loopback) prepare(host) error { return nil }

func (loopback) address(host, int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(pgserver.FreePort()))
}

func (loopback) storeIP() string { return "" }

func (loopback) command(_ host, name string, arguments ...string) *exec.Cmd {
	return exec.Command(name, arguments...) //nolint:noctx // ended by its id: a context would kill it
}

func (loopback) cut(host, host) error  { return errNoCut }
func (loopback) mend(host, host) error { return errNoCut }
func (loopback) split() bool           { return false }
func (loopback) close() error          { return nil }

// openGround chooses the ground; why says what kept it on the loopback.
func openGround(ctx context.Context, wish Namespaces) (g ground, why string, err error) {
	if wish == Never {
		return loopback{}, "it was asked for", nil
	}
	if why = noNamespaces(); why != "" {
		return loopback{}, why, nil
	}
	made, err := newNamespaces(ctx)
	return made, "", err
}

// reasons joins what is missing.
func reasons(missing []string) string { return strings.Join(missing, ", ") }
