package pgtest

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

var shared struct {
	sync.Mutex
	server *Server
}

// Shared is the one server of this test binary, started on first use. It is for tests that leave it running: each makes
// a Database of its own. Main stops it; without Main it ends with the test binary, and the next one sweeps its
// directory.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		shared.server = start(t)
	}
	return shared.server
}

// Main runs a package's tests and stops the shared server after them. Call it from TestMain, as all that it does:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
func Main(m *testing.M) {
	m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		return
	}
	if err := shared.server.Close(); err != nil {
		fmt.Fprintf(os.Stderr, "pgtest: %v\n", err)
	}
}
