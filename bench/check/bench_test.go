package check

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"testing"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// tour is a sale of many seats, each held and confirmed by one buyer, and losers who were refused one of them: what a
// sold-out tour leaves behind. Every seat's story takes place within milliseconds, and losers come during it and after.
type tour struct{ events, sections, seats, losers int }

const tourParts = 64

func (c tour) history() *history.History {
	h := &history.History{Header: history.Header{StartUnixNano: simStart, ClockSlack: simSlack, BuyerPrefix: "buyer",
		KeyPrefix: "key"}}
	for range tourParts {
		h.Parts = append(h.Parts, &history.Part{})
	}
	total := c.events * c.sections * c.seats
	n := 0
	for e := range c.events {
		event := history.Event{ID: fmt.Sprintf("00000000-0000-0000-0000-%012d", e)}
		for s := range c.sections {
			event.Sections = append(event.Sections, history.Section{ID: fmt.Sprintf("Section %d", s), Seats: c.seats})
			for seat := range c.seats {
				p := h.Parts[n%tourParts]
				sell(p, uint16(e), uint32(s), uint32(seat), n)
				for l := range c.losers {
					lose(p, uint16(e), uint32(s), uint32(seat), n, total+n*c.losers+l, l)
				}
				n++
			}
		}
		h.Header.Events = append(h.Header.Events, event)
	}
	return h
}

const tourTTL = 600_000

// sell is a hold and its confirmation.
func sell(p *history.Part, event uint16, section, seat uint32, n int) {
	call := history.Nanos(n) * 10 * simMilli
	p.Ops = append(p.Ops,
		history.Op{Kind: history.Hold, Verdict: history.Done, Event: event, Section: section, Of: history.NoOp,
			Buyer: uint64(n), Key: 1, Call: call, Return: call + 2*simMilli,
			Expires: (call/simMilli + tourTTL) * simMilli, Seats: p.AddSeats([]uint32{seat}),
			Text: p.AddText(fmt.Appendf(nil, "b%048d", n))},
		history.Op{Kind: history.Confirm, Verdict: history.Done, Event: event, Section: section, Of: int32(len(p.Ops)),
			Buyer: uint64(n), Key: 2, Call: call + 3*simMilli, Return: call + 6*simMilli})
}

// lose is a refusal, the first of them while the seat was being granted.
func lose(p *history.Part, event uint16, section, seat uint32, n, buyer, l int) {
	call := history.Nanos(n)*10*simMilli + simMilli + history.Nanos(l)*simMilli
	wanted := p.AddSeats([]uint32{seat})
	p.Ops = append(p.Ops, history.Op{Kind: history.Hold, Verdict: history.Taken, Event: event, Section: section,
		Of: history.NoOp, Buyer: uint64(buyer), Key: 1, Call: call,
		Return: call + simMilli/2, Seats: wanted, Lost: wanted})
}

// log writes the sale's log, a record for each change.
func (c tour) log(w io.Writer) error {
	m := namer{h: &history.Header{BuyerPrefix: "buyer", KeyPrefix: "key"}}
	n := 0
	var b []byte
	for e := range c.events {
		for s := range c.sections {
			head := fmt.Sprintf(`{"event":"00000000-0000-0000-0000-%012d","section":"Section %d","seq":`, e, s)
			seq := 1
			line := func(kind string, at int64, rest string, args ...any) {
				b = fmt.Appendf(b, `%s%d,"index":0,"epoch":1,"at":"%v","kind":"%s"`, head, seq, wire.Time(at), kind)
				b = append(fmt.Appendf(b, rest, args...), "}\n"...)
				seq++
			}
			line("claim", simStart/1e6, "")
			for seat := range c.seats {
				at := simStart/1e6 + int64(n)*10
				hold, pay := m.name(&history.Op{Buyer: uint64(n), Key: 1}),
					m.name(&history.Op{Buyer: uint64(n), Key: 2})
				line("hold_placed", at, `,"booking":"b%048d","request":"%x","buyer":"%x","expires_at":"%v","seats":[%d]`,
					n, hold, hold, wire.Time(at+tourTTL), seat)
				line("payment_begun", at, `,"booking":"b%048d","request":"%x"`, n, pay)
				line("sold", at, `,"booking":"b%048d"`, n)
				n++
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	return nil
}

// whole is the tour in full: 52 shows, 2.4 million seats, one loser a seat.
var whole = tour{events: 52, sections: 24, seats: 1923, losers: 1}

// BenchmarkCheckMillionSeats checks the answers of a whole tour: 2.4 million seats, 7.2 million operations.
func BenchmarkCheckMillionSeats(b *testing.B) {
	h := whole.history()
	ops := 0
	for _, p := range h.Parts {
		ops += len(p.Ops)
	}
	runtime.GC()
	b.ReportAllocs()
	for b.Loop() {
		if result := Run(context.Background(), h, Options{}); !result.Passed() {
			b.Fatal(result.String())
		}
	}
	b.ReportMetric(float64(ops)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mops/s")
}

// BenchmarkCheckLog holds a tenth of the tour against its log: 720,000 lines.
func BenchmarkCheckLog(b *testing.B) {
	c := whole
	c.events, c.losers = 5, 0
	q := newRequests(newArchive(c.history()))
	var text bytes.Buffer
	if err := c.log(&text); err != nil {
		b.Fatal(err)
	}
	lines := bytes.Count(text.Bytes(), []byte("\n"))
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if got := q.checkLog(newRun(context.Background(), &Options{}), logOf(text.Bytes())); got.State != Passed {
			b.Fatal(got.Detail, got.Faults)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mlines/s")
}

// BenchmarkHistoryFile writes and reads a fifth of the tour.
func BenchmarkHistoryFile(b *testing.B) {
	c := whole
	c.events = 10
	h := c.history()
	var file bytes.Buffer
	if err := h.Write(&file); err != nil {
		b.Fatal(err)
	}
	ops := len(h.Parts) * len(h.Parts[0].Ops)
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			file.Reset()
			if err := h.Write(&file); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(ops)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mops/s")
		b.ReportMetric(float64(file.Len())/float64(ops), "B/op")
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := history.Read(bytes.NewReader(file.Bytes())); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(ops)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mops/s")
	})
}

// BenchmarkLine parses one line by hand, and with the decoder.
func BenchmarkLine(b *testing.B) {
	var text bytes.Buffer
	if err := (tour{1, 1, 1, 0}).log(&text); err != nil {
		b.Fatal(err)
	}
	line := bytes.Split(text.Bytes(), []byte("\n"))[1]
	var l logLine
	b.Run("hand", func(b *testing.B) {
		for b.Loop() {
			if !l.read(line) {
				b.Fatalf("%s", line)
			}
		}
	})
	b.Run("decoder", func(b *testing.B) {
		for b.Loop() {
			if err := l.decode(line); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCheckStampede: everybody wants the same 2,000 seats, a thousand losers each, half of whom hear of it before
// the winner does.
func BenchmarkCheckStampede(b *testing.B) {
	c := tour{events: 1, sections: 1, seats: 2000}
	h := c.history()
	losers := 0
	for n := range c.seats {
		p := h.Parts[n%tourParts]
		for l := range 1000 {
			losers++
			lose(p, 0, 0, uint32(n), n, 1<<20+losers, 0)
			op := &p.Ops[len(p.Ops)-1]
			op.Call += history.Nanos(l)*2000 - simMilli
			op.Return = op.Call + simMilli
		}
	}
	for b.Loop() {
		result := Run(context.Background(), h, Options{})
		if !result.Passed() {
			b.Fatal(result.String())
		}
		b.ReportMetric(float64(result.Find(Seats).Count("searched")), "searched")
	}
	b.ReportMetric(float64(losers)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mops/s")
}
