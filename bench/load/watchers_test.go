//go:build unix

package load

import (
	"bufio"
	"net"
	"net/http"
	"testing"
	"time"
)

// answerAll answers every connection's request with a text, and then what then does.
func answerAll(t *testing.T, text string, then func(net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
					return
				}
				if _, err := conn.Write([]byte(text)); err == nil {
					then(conn)
				}
			}()
		}
	}()
	return listener.Addr().String()
}

const watchRequest = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

// The watchers take every byte of every connection, and notice those that end.
func TestCrowdCountsWhatComes(t *testing.T) {
	const conns, news = 30, "12345678"
	begin := make(chan struct{})
	address := answerAll(t, "HTTP/1.1 200 OK\r\n\r\n", func(conn net.Conn) {
		<-begin
		_, _ = conn.Write([]byte(news))
		_ = conn.Close()
	})
	c, err := OpenWatchers(t.Context(), address, conns, []byte(watchRequest))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	close(begin)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for c.Lost.Load() < conns {
		<-tick.C
	}
	// The first twelve bytes of each were read before the watchers began.
	if want := uint64(conns * (len("HTTP/1.1 200 OK\r\n\r\n") - 12 + len(news))); c.Bytes.Load() != want {
		t.Errorf("%d bytes of %d", c.Bytes.Load(), want)
	}
}

// Whoever is refused is no watcher.
func TestCrowdTellsARefusal(t *testing.T) {
	address := answerAll(t, "HTTP/1.1 503 Busy\r\n\r\n", func(conn net.Conn) { _ = conn.Close() })
	if c, err := OpenWatchers(t.Context(), address, 2, []byte(watchRequest)); err == nil {
		c.Close()
		t.Error("a refusal counts as a stream")
	}
}
