package cluster

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/storage"
)

// BenchmarkLink measures two nodes in one process over loopback, with messages of 100 bytes: one way as fast as the
// outbox takes them, and questions answered by the other node's handler, so many at a time.
func BenchmarkLink(b *testing.B) {
	for _, secret := range []bool{false, true} {
		name := map[bool]string{false: "plain", true: "mTLS"}[secret]
		b.Run("oneway/"+name, func(b *testing.B) { benchOneWay(b, secret) })
		for _, outstanding := range []int{1, 64, 512} {
			b.Run(fmt.Sprintf("roundtrip/%s/%d", name, outstanding), func(b *testing.B) {
				benchRoundTrip(b, secret,
					outstanding)
			})
		}
	}
}

// pair is two nodes whose handlers do what they are given.
func pair(b testing.TB, secret bool, atFirst, atSecond func(n *tested, from storage.WriterID, message []byte)) (x,
	y *tested) {
	var keys [2]*Keys
	if secret {
		dir := b.TempDir()
		if err := MakeKeys(dir, []string{"a", "b"}, time.Hour); err != nil {
			b.Fatal(err)
		}
		for i, name := range []string{"a", "b"} {
			var err error
			if keys[i], err = LoadKeys(dir, name); err != nil {
				b.Fatal(err)
			}
		}
	}
	nodes := make([]*tested, 2)
	for i, take := range []func(*tested, storage.WriterID, []byte){atFirst, atSecond} {
		nodes[i] = start(b, string(rune('a'+i)), func(o *Options) {
			o.Keys = keys[i]
			o.Handler.(*ear).take = func(from storage.WriterID, message []byte) { take(nodes[i], from, message) }
		}, nodes[:i]...)
	}
	connected(b, nodes...)
	return nodes[0], nodes[1]
}

func benchOneWay(b *testing.B, secret bool) {
	var got atomic.Int64
	done := make(chan struct{})
	x, y := pair(b, secret, nil, func(_ *tested, _ storage.WriterID, _ []byte) {
		if got.Add(1) == int64(b.N) {
			close(done)
		}
	})
	message := make([]byte, 100)
	to := y.id()
	b.ReportAllocs()
	b.ResetTimer()
	began := time.Now()
	for range b.N {
		for !x.Send(to, message) {
			if !x.Up(to) {
				b.Fatal("link down")
			}
			runtime.Gosched()
		}
	}
	<-done
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "msg/s")
}

func benchRoundTrip(b *testing.B, secret bool, outstanding int) {
	room := make(chan struct{}, outstanding)
	times := make([]time.Duration, 0, b.N)
	start := time.Now()
	done := make(chan struct{})
	total := b.N
	x, y := pair(b, secret, func(_ *tested, _ storage.WriterID, answer []byte) {
		times = append(times, time.Since(start)-time.Duration(binary.LittleEndian.Uint64(answer)))
		if len(times) == total {
			close(done)
		}
		<-room
	}, func(n *tested, from storage.WriterID, question []byte) {
		if !n.Send(from, question) {
			panic("no room for an answer")
		}
	})
	message := make([]byte, 100)
	to := y.id()
	b.ReportAllocs()
	b.ResetTimer()
	began := time.Now()
	for range b.N {
		room <- struct{}{}
		binary.LittleEndian.PutUint64(message, uint64(time.Since(start)))
		if !x.Send(to, message) {
			b.Fatal("no room for a question")
		}
	}
	<-done
	took := time.Since(began)
	slices.Sort(times)
	b.ReportMetric(float64(b.N)/took.Seconds(), "trips/s")
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
	if os.Getenv("HOLDFAST_TEST_STATS") != "" {
		b.Logf("%+v", x.Stats())
	}
}
