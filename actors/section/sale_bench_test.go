package section

import (
	"testing"

	"holdfast/actors/section/account"
)

// BenchmarkSale takes a hold through payment to its ticket, Decide and Apply; one op is the three of them.
func BenchmarkSale(b *testing.B) {
	const places = 100_000
	h, i := newHolder(places), uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		if i == places {
			b.StopTimer()
			h, i = newHolder(places), 0
			b.StartTimer()
		}
		h.hold(i, Instant(i/100))
		for _, kind := range [...]CommandKind{BeginPayment, ConfirmPayment} {
			h.c = Command{
				Kind: kind, At: Instant(i / 100), Buyer: buyerOf(i), Booking: BookingNo(i + 1),
				Request: requestOf(i<<8 | uint64(kind)<<40), Pay: account.Payment{Attempt: 1},
			}
			h.run()
		}
		i++
	}
}

// BenchmarkRelease gives back the holds of a full section, in the order in which they were placed.
func BenchmarkRelease(b *testing.B) {
	const places = 50_000
	h, i := newHolder(places), uint64(places)
	b.ReportAllocs()
	for b.Loop() {
		if i == places {
			b.StopTimer()
			for h, i = newHolder(places), 0; i < places; i++ {
				h.hold(i, Instant(i/100))
			}
			i = 0
			b.StartTimer()
		}
		h.release(i, BookingNo(i+1), h.s.LastAt())
		i++
	}
}

// BenchmarkRefuseSoldOut is what a buyer costs who asks for the best two of a section with one seat left.
func BenchmarkRefuseSoldOut(b *testing.B) {
	run := soldOutPath(b)
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
}

// BenchmarkRepeat is an answer given again to the same key.
func BenchmarkRepeat(b *testing.B) {
	run := repeatPath(b)
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
}
