package lab

import (
	"errors"
	"io"
	"net"
	"testing"
)

// said is a stream whose other side has said all it has to say.
func said(t *testing.T, text string) *Stream {
	t.Helper()
	near, far := net.Pipe()
	go func() {
		_, _ = io.WriteString(far, text)
		_ = far.Close()
	}()
	s := newStream(near)
	t.Cleanup(s.Close)
	return s
}

func TestFrames(t *testing.T) {
	s := said(t, "HTTP/1.1 200 OK\r\nX: y\r\n\r\nretry: 1000\n\nid: 1\nevent: snapshot\ndata: {}\n\n: quiet\n\n"+
		"event: delta\ndata: {\"section\":\"S10\",\"seq\":2,\"changes\":[[3,\"a\"]]}\n\n")
	if err := s.head(); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][3]string{{"1", "snapshot", "{}"},
		{"", "delta", `{"section":"S10","seq":2,"changes":[[3,"a"]]}`}} {
		if f, err := s.Next(); err != nil || f.ID != want[0] || f.Event != want[1] || string(f.Data) != want[2] {
			t.Errorf("frame %+v %v, want %v", f, err, want)
		}
	}
	if _, err := s.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the stream's end is %v", err)
	}
	if err := said(t, "HTTP/1.1 503 x\r\n\r\n").head(); err == nil {
		t.Error("a refused stream was taken for an open one")
	}
}
