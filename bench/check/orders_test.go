package check

import (
	"slices"
	"strings"
	"testing"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// cutGrant is a granted party of section A with a leg in section B.
func cutGrant(name string, call, ret, end int, home, leg []uint32) say {
	return func(b *builder) {
		granting(name, call, ret, end, home...)(b)
		op := &b.part.Ops[len(b.part.Ops)-1]
		op.Kind, op.Quantity = history.Best, uint16(len(home)+len(leg))
		b.part.AddLeg(len(b.part.Ops)-1, 1, leg)
	}
}

// cutLooks are the last maps of both sections.
func cutLooks(a, b string, call, ret int) say {
	return func(w *builder) {
		shown(a, call, ret)(w)
		shown(b, call, ret)(w)
		w.part.Ops[len(w.part.Ops)-1].Section = 1
	}
}

// cutStory is a sale in which a party of three is cut and pays, another is cut and gives its seats back, and a third
// is cut in vain: its leg was bound, and its home never placed.
func cutStory() []say {
	return []say{
		cutGrant("x", 1, 10, 500, []uint32{0, 1}, []uint32{0}), cutGrant("y", 11, 20, 500, []uint32{2}, []uint32{1, 2}),
		confirmed(history.Done, "x", 21, 30), released(history.Done, "y", 31, 40), cutLooks("ssa", "saa", 5000, 5001),
	}
}

// cutLog is the log of cutStory.
func cutLog() logLines {
	asked := func(name string, kind history.Kind) string {
		m := namer{h: &newBuilder().h.Header}
		key := number(name)
		if kind != history.Hold {
			key += uint64(kind) << 20
		}
		return wire.HashText(m.name(&history.Op{Buyer: number(name), Key: key}))
	}
	end := wire.Time(simStart/1e6 + 500)
	line := func(section string, at int, kind, booking, order string, seats ...uint32) wire.LogChange {
		return wire.LogChange{Event: "show", Section: section, Epoch: 1,
			At: wire.Time(simStart/1e6 + int64(at)), Kind: kind,
			Booking: booking, Order: order, Seats: seats}
	}
	by := func(c wire.LogChange, buyer, request string) wire.LogChange {
		if c.Request = request; buyer != "" {
			c.Buyer, c.ExpiresAt = wire.HashText([16]byte{buyer[0]}), &end
		}
		return c
	}
	citing := func(c wire.LogChange, seq uint64) wire.LogChange { c.Cited = seq; return c }
	leg := wire.HashText([16]byte{7})
	lines := logLines{
		line("A", 0, "claim", "", ""),
		by(line("A", 5, "hold_placed", "x", "0-1-1", 0, 1), "x", asked("x", history.Hold)),
		by(line("A", 15, "hold_placed", "y", "0-1-2", 2), "y", asked("y", history.Hold)),
		by(line("A", 25, "payment_begun", "x", ""), "", asked("x", history.Confirm)),
		line("A", 26, "sold", "x", ""),
		citing(line("A", 28, "order_settled", "x", "0-1-1"), 5),
		by(line("A", 35, "hold_released", "y", ""), "", asked("y", history.Release)),
		citing(line("A", 38, "order_settled", "y", "0-1-2"), 7),
		line("B", 0, "claim", "", ""),
		by(line("B", 4, "leg_bound", "B1", "0-1-1", 0), "x", leg),
		by(line("B", 6, "leg_bound", "B2", "0-1-9", 1), "z", leg),
		line("B", 8, "leg_freed", "B2", "0-1-9"),
		by(line("B", 14, "leg_bound", "B3", "0-1-2", 1, 2), "y", leg),
		citing(line("B", 27, "leg_sold", "B1", "0-1-1"), 5),
		citing(line("B", 37, "leg_freed", "B3", "0-1-2"), 7),
	}
	renumber(lines)
	return lines
}

// nth is the place of the n-th line of a kind.
func nth(t *testing.T, l logLines, kind string, n int) *wire.LogChange {
	return &l[pick(t, l, kind, n)]
}

// faultyCuts plants one fault each in the log of a sale whose parties are cut, or in the answers.
var faultyCuts = []struct {
	name  string
	spoil func(t *testing.T, says []say, l logLines) ([]say, logLines)
	want  Code
}{
	{"nothing", func(_ *testing.T, s []say, l logLines) ([]say, logLines) { return s, l }, ""},
	{"a leg sold whose home is not", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		*nth(t, l, "sold", 0) = wire.LogChange{Event: "show", Section: "A", Seq: 5, Epoch: 1,
			At:   nth(t, l, "sold", 0).At,
			Kind: "payment_failed", Booking: "x"}
		return s, l
	}, LogLeg},
	{"a leg sold of an order that nobody placed", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		c := nth(t, l, "leg_freed", 0)
		c.Kind, c.Cited = "leg_sold", 5
		return s, l
	}, LogLeg},
	{"a leg freed by itself", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		nth(t, l, "leg_sold", 0).Kind, nth(t, l, "leg_sold", 0).Cited = "leg_freed", 0
		return s, l
	}, LogLeg},
	{"a leg that lapses", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		nth(t, l, "leg_freed", 1).Kind = "hold_expired"
		return s, l
	}, LogMove},
	{"a leg freed that was sold", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		nth(t, l, "leg_sold", 0).Kind = "leg_freed"
		return s, l
	}, LogLeg},
	{"a seat in two orders", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		return s, renumbered(without(l, pick(t, l, "leg_freed", 0)))
	}, LogOverlap},
	{"a seat in an order and in a hold", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		nth(t, l, "leg_bound", 0).Seats = []uint32{1}
		return s, l
	}, LogOverlap},
	{"a leg of another buyer", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		nth(t, l, "leg_bound", 0).Buyer = wire.HashText([16]byte{9})
		return s, l
	}, LogDiffers},
	{"a leg of other seats", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		nth(t, l, "leg_bound", 2).Seats = []uint32{1}
		return s, l
	}, LogDiffers},
	{"a leg that is not there", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		l = without(l, pick(t, l, "leg_sold", 0))
		return s, renumbered(without(l, pick(t, l, "leg_bound", 0)))
	}, LogMissing},
	{"a confirmed booking whose leg is not sold", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		return s, renumbered(without(l, pick(t, l, "leg_sold", 0)))
	}, LogMissing},
	{"a leg's seats missing from the sum", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		return s, renumbered(without(l, pick(t, l, "leg_sold", 0)))
	}, LogSum},
	{"settled, and a leg has not heard", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		return s, renumbered(without(l, pick(t, l, "leg_freed", 1)))
	}, LogLeg},
	{"settled by another record", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		nth(t, l, "order_settled", 0).Cited = 3
		return s, l
	}, LogLeg},
	{"a leg that changes its order", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		nth(t, l, "leg_sold", 0).Order = "0-1-2"
		return s, l
	}, LogMove},
	{"a hold told in two sections, and placed in one", func(t *testing.T, s []say, l logLines) ([]say, logLines) {
		nth(t, l, "hold_placed", 0).Order = ""
		return s, l
	}, LogDiffers},
	{"the last map of a leg's section differs", func(_ *testing.T, s []say, l logLines) ([]say, logLines) {
		return slices.Concat(s[:4], []say{cutLooks("ssa", "haa", 5000, 5001)}), l
	}, LogMap},
}

// TestLegsAreHeldToTheirHomes: what a log says of a booking over several sections fits together and to the answers
// (P1, P2, P10).
func TestLegsAreHeldToTheirHomes(t *testing.T) {
	for _, c := range faultyCuts {
		t.Run(c.name, func(t *testing.T) {
			says, l := c.spoil(t, cutStory(), cutLog())
			got := againstLog(historyOf(says...), ndjson(t, l))
			if c.want != "" {
				if got.State != Failed || !got.Has(c.want) {
					t.Errorf("want %s: %v %v", c.want, got.State, got.Faults)
				}
				return
			}
			if got.State != Passed || got.Count("sold") != 3 || got.Count("sold, acknowledged") != 3 {
				t.Errorf("unspoilt: %+v", got)
			}
		})
	}
}

// TestSeatsOfLegsAreJudged: a leg's seats are its booking's, in the answers too (P1, P2).
func TestSeatsOfLegsAreJudged(t *testing.T) {
	inB := func(s say) say {
		return func(b *builder) { s(b); b.part.Ops[len(b.part.Ops)-1].Section = 1 }
	}
	cut := cutGrant("x", 1, 10, 9000, []uint32{0, 1}, []uint32{0})
	for _, c := range []struct {
		name string
		says []say
		want string
	}{
		{"kept", []say{cut, confirmed(history.Done, "x", 11, 20), cutLooks("ssa", "saa", 21, 22)}, ""},
		{"sold, and free in the leg's section", []say{cut, confirmed(history.Done, "x", 11, 20),
			cutLooks("ssa", "aaa", 21, 22)}, "shown-free"},
		{"a leg's seat to somebody else", []say{cut, inB(granting("y", 30, 40, 9000, 0))}, "granted-twice"},
		{"the same seats of another section", []say{cut, inB(granting("y", 30, 40, 9000, 1))}, ""},
		{"given back, and the leg hears later", []say{cut, released(history.Done, "x", 11, 20),
			cutLooks("aaa", "haa", 21, 22)}, ""},
		{"given back, and the home still held", []say{cut, released(history.Done, "x", 11, 20),
			cutLooks("haa", "aaa", 40_000, 40_001)}, "refused-while-free"},
		{"bound in vain while a party was cut", []say{cut, bestAny(history.NoneLeft, 4, 30, 40),
			cutLooks("hha", "hha", 35, 36)}, ""},
		{"held by nobody, long after a party was cut", []say{cut, bestAny(history.NoneLeft, 4, 30, 40),
			cutLooks("hha", "hha", 40_000, 40_001)}, "refused-while-free"},
		{"repeated with other legs", []say{cut, cutGrant("x'", 11, 20, 9000, []uint32{0, 1}, []uint32{1})},
			"second-answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := judge(historyOf(c.says...))
			if codes := codes(&got); c.want == "" && codes != "" || !strings.Contains(codes, c.want) {
				t.Errorf("want %q: %s", c.want, got.String())
			}
		})
	}
}

// TestLegsThatBelongNowhere: a history whose legs do not stand with their booking is not one.
func TestLegsThatBelongNowhere(t *testing.T) {
	for name, spoil := range map[string]func(p *history.Part){
		"of nothing":           func(p *history.Part) { p.Ops[1].Of = history.NoOp },
		"of a later one":       func(p *history.Part) { p.Ops[1].Of = 1 },
		"of a refusal":         func(p *history.Part) { p.Ops[0].Verdict = history.Refused },
		"in the home":          func(p *history.Part) { p.Ops[1].Section = 0 },
		"in any section":       func(p *history.Part) { p.Ops[1].Section = history.AnySection },
		"of another buyer":     func(p *history.Part) { p.Ops[1].Buyer++ },
		"without seats":        func(p *history.Part) { p.Ops[1].Seats.Len = 0 },
		"apart":                func(p *history.Part) { p.Ops = append(p.Ops, p.Ops[0], p.Ops[1]) },
		"twice in one section": func(p *history.Part) { p.Ops = append(p.Ops, p.Ops[1]) },
		"beyond its section":   func(p *history.Part) { p.Seats[p.Ops[1].Seats.At] = 3 },
		"about it as a booking": func(p *history.Part) {
			p.Ops = append(p.Ops, history.Op{Kind: history.Release, Verdict: history.Done, Of: 1})
		},
	} {
		h := historyOf(cutGrant("x", 1, 10, 500, []uint32{0, 1}, []uint32{0}))
		if err := h.Validate(); err != nil {
			t.Fatal(err)
		}
		if spoil(h.Parts[0]); h.Validate() == nil {
			t.Errorf("a leg %s passes", name)
		}
	}
}
