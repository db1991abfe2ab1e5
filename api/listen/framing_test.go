package listen

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// The look at every head must cost next to nothing.
func TestReadingAHeadTwiceDoesNotAllocate(t *testing.T) {
	header := headOf(t, ordinaryHead)
	if n := testing.AllocsPerRun(100, func() {
		if findHeadFault(header) != nil {
			t.Fatal("an ordinary head is refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

const ordinaryHead = "POST /v1/events/0190a1b2-0000-7000-8000-000000000000/bookings HTTP/1.1\r\nHost: " +
	"tickets.example\r\nUser-Agent: Mozilla/5.0 (X11)\r\n" +
	"Accept: application/json\r\nAccept-Encoding: gzip, br\r\nContent-Type: application/json\r\nAuthorization: " +
	"Bearer aaaa.bbbb.cccc\r\n" +
	"Idempotency-Key: 0b9d7a34-4d2f-4a52-9f0e-3f0c1d2e3f40\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 21\r\n\r\n"

func headOf(t testing.TB, text string) *fasthttp.RequestHeader {
	header := &fasthttp.RequestHeader{}
	if err := header.Read(bufio.NewReader(strings.NewReader(text))); err != nil {
		t.Fatal(err)
	}
	return header
}

func BenchmarkFindHeadFault(b *testing.B) {
	header := headOf(b, ordinaryHead)
	b.ReportAllocs()
	for b.Loop() {
		if findHeadFault(header) != nil {
			b.Fatal("an ordinary head is refused")
		}
	}
}

var _ net.Conn = (*Conn)(nil)
