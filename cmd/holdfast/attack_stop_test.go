package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/cmd/holdfast/datafolder"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// hangers are clients that keep a server from stopping, if it lets them. Each returns once the server is occupied with
// it.
var hangers = map[string]func(x *victim){
	"silent": func(x *victim) { x.dial() },
	"between requests": func(x *victim) {
		conn := x.dial()
		fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
		awaitBytes(x, conn)
	},
	"half a head": func(x *victim) { fmt.Fprint(x.dial(), "GET /v1/events HTTP/1.1\r\nHost: ") },
	"slow POST": func(x *victim) {
		fmt.Fprint(x.dial(), "POST /v1/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer dev\r\nContent-Length: "+
			"100000\r\n\r\n{")
	},
	"does not read": func(x *victim) {
		conn := x.dial()
		if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			x.t.Fatal(err)
		}
		asks := strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n", 400) // far more than buffers hold
		if err := conn.SetWriteDeadline(time.Now().Add(2 * time.Second)); err != nil {
			x.t.Fatal(err)
		}
		_, _ = io.WriteString(conn, asks) // until the server takes no more, being stuck in its answers
		awaitBytes(x, conn)
	},
	"streams": func(x *victim) {
		for range 20 {
			conn := x.dial()
			fmt.Fprintf(conn, "GET /v1/events/%s/availability/stream HTTP/1.1\r\nHost: h\r\n\r\n", x.event)
			awaitBytes(x, conn)
		}
	},
}

func awaitBytes(x *victim, conn net.Conn) {
	x.t.Helper()
	if _, err := io.ReadFull(conn, make([]byte, 16)); err != nil {
		x.t.Fatal(err)
	}
}

// P2: a stop ends in good order whatever one client does: exit code 0, and every section has left its snapshot.
func TestAttackNoClientHoldsUpTheStop(t *testing.T) {
	all := func(x *victim) {
		for _, hang := range hangers {
			hang(x)
		}
	}
	for name, hang := range map[string]func(*victim){"silent": hangers["silent"],
		"does not read": hangers["does not read"], "all at once": all} {
		t.Run(name, func(t *testing.T) {
			x := attacked(t, nil, "--shutdown-timeout", "8s", "--drain-wait", "0s")
			x.stillSells()
			hang(x)
			began := time.Now()
			if code := x.stop(); code != exitOK {
				t.Errorf("exit code %d\n%.4000s", code, x.logs)
			}
			t.Logf("stopped after %v", time.Since(began).Round(time.Millisecond))
			x.snapshotLeft()
			x.auditClean()
		})
	}
}

// Connections on which nobody waits do not cost a stop anything: no client is cut, since none was in the middle of
// something.
func TestAttackIdleConnectionsCloseAtOnce(t *testing.T) {
	x := attacked(t, nil, "--shutdown-timeout", "60s", "--drain-wait", "0s")
	for range 20 {
		hangers["silent"](x)
		hangers["between requests"](x)
	}
	if code := x.stop(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if log := x.logs.String(); strings.Contains(log, "cut off") {
		t.Errorf("idle connections were waited for until they had to be cut:\n%.4000s", log)
	}
}

// snapshotLeft looks into the stopped server's store.
func (x *victim) snapshotLeft() {
	x.t.Helper()
	store, err := pebblestore.Open(filepath.Join(x.where[1], datafolder.StoreFolder),
		pebblestore.Options{ReadOnly: true})
	if err != nil {
		x.t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	events, err := store.Events(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	left := 0
	for _, event := range events {
		for no := range event.Sections {
			switch _, err := store.LoadSnapshot(x.t.Context(),
				storage.SectionKey{Event: event.ID, Section: storage.SectionNo(no)}); {
			case err == nil:
				left++
			case !errors.Is(err, storage.ErrNotFound):
				x.t.Fatal(err)
			}
		}
	}
	if left == 0 {
		x.t.Error("no section has left a snapshot")
	}
}
