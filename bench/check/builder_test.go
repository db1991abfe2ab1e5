package check

import (
	"context"
	"holdfast/bench/check/history"
	"strings"
	"testing"
	"time"
)

// builder writes small histories by hand. Times are milliseconds; a booking's name is its id, its buyer and its key,
// until told otherwise.
type builder struct {
	h    *history.History
	part *history.Part
	of   map[string]int32
}

func newBuilder(events ...history.Event) *builder {
	if len(events) == 0 {
		events = []history.Event{{ID: "show", Sections: []history.Section{{ID: "A", Seats: 3}, {ID: "B", Seats: 3}}}}
	}
	b := &builder{part: &history.Part{}, of: map[string]int32{}}
	b.h = &history.History{Header: history.Header{Events: events, ClockSlack: simMilli, StartUnixNano: simStart,
		BuyerPrefix: "b", KeyPrefix: "k"}, Parts: []*history.Part{b.part}}
	return b
}

func ms(n int) history.Nanos {
	if n == never {
		return history.Never
	}
	return history.Nanos(n) * simMilli
}

const never = -1

// say adds to a history.
type say func(b *builder)

func (b *builder) add(op history.Op) { b.part.Ops = append(b.part.Ops, op) }

// number makes buyers and keys of names.
func number(name string) (n uint64) {
	for _, c := range []byte(name) {
		n = n*31 + uint64(c)
	}
	return n
}

// granting is a granted hold of seats in section A. A name with a stroke ("x'") is the same request told another
// booking.
func granting(name string, call, ret, end int, seats ...uint32) say {
	return func(b *builder) {
		key := number(strings.TrimRight(name, "'"))
		b.of[name] = int32(len(b.part.Ops))
		b.add(history.Op{Kind: history.Hold, Verdict: history.Done, Of: history.NoOp, Buyer: key, Key: key,
			Call: ms(call), Return: ms(ret), Expires: ms(end),
			Seats: b.part.AddSeats(seats), Text: b.part.AddText([]byte(name))})
	}
}

// wanted is a hold that was not granted.
func wanted(verdict history.Verdict, name string, call, ret int, seats ...uint32) say {
	return func(b *builder) {
		op := history.Op{Kind: history.Hold, Verdict: verdict, Of: history.NoOp, Buyer: number(name), Key: number(name),
			Call: ms(call), Return: ms(ret), Seats: b.part.AddSeats(seats)}
		if verdict == history.Taken {
			op.Lost = op.Seats
		}
		b.add(op)
	}
}

// best is a request for the best seats of section A that was not granted.
func best(verdict history.Verdict, quantity, call, ret int) say {
	return func(b *builder) {
		b.add(history.Op{Kind: history.Best, Verdict: verdict, Of: history.NoOp, Buyer: 99, Key: uint64(call),
			Quantity: uint16(quantity), Call: ms(call), Return: ms(ret)})
	}
}

// bestAny is one that any section could have served.
func bestAny(verdict history.Verdict, quantity, call, ret int) say {
	return func(b *builder) {
		best(verdict, quantity, call, ret)(b)
		b.part.Ops[len(b.part.Ops)-1].Section = history.AnySection
	}
}

func deedOf(kind history.Kind, verdict history.Verdict, name string, call, ret, end int) say {
	return func(b *builder) {
		b.add(history.Op{Kind: kind, Verdict: verdict, Of: b.of[name], Buyer: number(name),
			Key: number(name) + uint64(kind)<<20, Call: ms(call), Return: ms(ret), Expires: ms(end)})
	}
}

func confirmed(v history.Verdict, name string, call, ret int) say {
	return deedOf(history.Confirm, v, name, call, ret, 0)
}
func released(v history.Verdict, name string, call, ret int) say {
	return deedOf(history.Release, v, name, call, ret, 0)
}
func extended(v history.Verdict, name string, call, ret, e int) say {
	return deedOf(history.Extend, v, name, call, ret, e)
}

// shown is a map of section A.
func shown(letters string, call, ret int) say {
	return func(b *builder) {
		b.add(history.Op{Kind: history.Look, Verdict: history.Done, Of: history.NoOp, Key: uint64(call), Buyer: 98,
			Call: ms(call), Return: ms(ret), Text: b.part.AddText([]byte(letters))})
	}
}

// otherKey makes the last request one under a key of its own.
func otherKey(key uint64) say { return func(b *builder) { b.part.Ops[len(b.part.Ops)-1].Key = key } }

func historyOf(says ...say) *history.History {
	b := newBuilder()
	for _, s := range says {
		s(b)
	}
	return b.h
}

func judge(h *history.History) Result { return Run(context.Background(), h, Options{LookLag: 1}) }

// codes are the classes of faults shown, in order and once each.
func codes(r *Result) string {
	var list []string
	for _, c := range r.Checks {
		for _, f := range c.Faults {
			if len(list) == 0 || list[len(list)-1] != string(f.Code) {
				list = append(list, string(f.Code))
			}
		}
	}
	return strings.Join(list, " ")
}

const far = 10_000

func all(says ...say) []say { return says }

// verdictsOf has one small history a line, and the verdict last: empty when nothing is wrong.
var verdictsOf = []struct {
	name string
	says []say
	want Code
}{
	{"one hold", all(granting("x", 0, 2, far, 0)), ""},
	{"hold and sale", all(granting("x", 0, 2, far, 0, 1), confirmed(history.Done, "x", 3, 4)), ""},
	{"double grant", all(granting("x", 0, 2, far, 0), granting("y", 5, 7, far, 0)), GrantedTwice},
	{"double grant of one seat of two", all(granting("x", 0, 2, far, 0, 1), granting("y", 5, 7, far, 1, 2)),
		GrantedTwice},
	{"double grant at the same time", all(granting("x", 0, 9, far, 0), granting("y", 1, 9, far, 0)), GrantedTwice},
	{"other seats", all(granting("x", 0, 2, far, 0), granting("y", 5, 7, far, 1)), ""},
	{"grant after confirm", all(granting("x", 0, 2, 100, 0), confirmed(history.Done, "x", 3, 4),
		granting("y", 200, 201, far, 0)), GrantedTwice},
	{"grant after an unknown confirm may be", all(granting("x", 0, 2, 100, 0),
		confirmed(history.Unknown, "x", 3, never), granting("y", 200, 201, far, 0)), ""},
	{"grant inside the hold's life", all(granting("x", 0, 2, 100, 0), granting("y", 50, 51, far, 0)), GrantedTwice},
	{"grant in the last millisecond is slack", all(granting("x", 0, 2, 100, 0), granting("y", 97, 99, far, 0)), ""},
	{"grant before the slack", all(granting("x", 0, 2, 100, 0), granting("y", 97, 98, far, 0)), GrantedTwice},
	{"regrant after the end", all(granting("x", 0, 2, 100, 0), granting("y", 101, 103, far, 0)), ""},
	{"regrant after the end, extended", all(granting("x", 0, 2, 100, 0), extended(history.Done, "x", 50, 51, 150),
		granting("y", 101, 103, far, 0)), GrantedTwice},
	{"regrant after the extended end", all(granting("x", 0, 2, 100, 0), extended(history.Done, "x", 50, 51, 150),
		granting("y", 151, 153, far, 0)), ""},
	{"regrant when perhaps extended", all(granting("x", 0, 2, 100, 0), extended(history.Unknown, "x", 50, never, 0),
		granting("y", 101, 103, far, 0)), ""},
	{"release then regrant", all(granting("x", 0, 2, far, 0), released(history.Done, "x", 3, 5),
		granting("y", 6, 7, far, 0)), ""},
	{"regrant before the release was asked", all(granting("x", 0, 2, far, 0), released(history.Done, "x", 8, 9),
		granting("y", 6, 7, far, 0)), GrantedTwice},
	{"regrant beside the release", all(granting("x", 0, 2, far, 0), released(history.Done, "x", 5, 9),
		granting("y", 6, 7, far, 0)), ""},
	{"regrant after an unknown release", all(granting("x", 0, 2, far, 0), released(history.Unknown, "x", 3, never),
		granting("y", 6, 7, far, 0)), ""},
	{"sale after the release", all(granting("x", 0, 2, far, 0), released(history.Done, "x", 3, 5),
		confirmed(history.Done, "x", 6, 7)), NoOrder},
	{"sale beside the release", all(granting("x", 0, 2, far, 0), released(history.Done, "x", 3, 9),
		confirmed(history.Done, "x", 4, 8)), NoOrder},
	{"release twice", all(granting("x", 0, 2, far, 0), released(history.Done, "x", 3, 5),
		released(history.Done, "x", 6, 7), otherKey(5)), ""},
	{"release of a lapsed hold", all(granting("x", 0, 2, 100, 0), released(history.Done, "x", 200, 201)), ""},
	{"hold lost early", all(granting("x", 0, 2, 100, 0), confirmed(history.Ended, "x", 50, 51)), LostEarly},
	{"hold lost early, unless released", all(granting("x", 0, 2, 100, 0), released(history.Unknown, "x", 9, never),
		confirmed(history.Ended, "x", 50, 51)), ""},
	{"ended after the end", all(granting("x", 0, 2, 100, 0), extended(history.Ended, "x", 100, 101, 0)), ""},
	{"ended, though extended", all(granting("x", 0, 2, 100, 0), extended(history.Done, "x", 50, 51, 150),
		confirmed(history.Ended, "x", 100, 101)), LostEarly},
	{"ended, though sold", all(granting("x", 0, 2, 100, 0), confirmed(history.Done, "x", 5, 6),
		released(history.Ended, "x", 8, 9)), LostEarly},
	{"refusal of a held seat", all(granting("x", 0, 2, far, 0), wanted(history.Taken, "y", 5, 6, 0)), ""},
	{"refusal of a seat being granted", all(granting("x", 4, 9, far, 0), wanted(history.Taken, "y", 5, 6, 0)), ""},
	{"refusal of a free seat", all(wanted(history.Taken, "y", 5, 6, 0)), RefusedFree},
	{"refusal before the grant", all(granting("x", 7, 9, far, 0), wanted(history.Taken, "y", 5, 6, 0)), RefusedFree},
	{"refusal after the release", all(granting("x", 0, 2, far, 0), released(history.Done, "x", 3, 5),
		wanted(history.Taken, "y", 6, 7, 0)), RefusedFree},
	{"refusal of a hold that should have lapsed", all(granting("x", 0, 2, 100, 0),
		wanted(history.Taken, "y", 500, 501, 0)), ""},
	{
		"unknown hold explains a refusal",
		all(wanted(history.Unknown, "u", 0, never, 0), wanted(history.Taken, "y", 5, 6, 0)), "",
	},
	{"unknown hold that came later does not", all(wanted(history.Unknown, "u", 7, never, 0),
		wanted(history.Taken, "y", 5, 6, 0)), RefusedFree},
	{"unknown hold of another seat does not", all(wanted(history.Unknown, "u", 0, never, 1),
		wanted(history.Taken, "y", 5, 6, 0)), RefusedFree},
	{"unknown hold lapses before a grant", all(wanted(history.Unknown, "u", 0, never, 0),
		wanted(history.Taken, "y", 5, 6, 0), granting("x", 7, 8, far, 0)), ""},
	{
		"unknown hold does not come back",
		all(
			wanted(history.Unknown, "u", 0, never, 0), wanted(history.Taken, "y", 5, 6, 0),
			granting(
				"x", 7, 8, far, 0,
			),
			released(history.Done, "x", 9, 10),
			wanted(history.Taken, "z", 11, 12, 0),
		),
		NoOrder,
	},
	{
		"unknown best explains a refusal", all(best(history.Unknown, 1, 0, never), wanted(history.Taken, "y", 5, 6, 0)),
		"",
	},
	{
		"unknown best anywhere explains it",
		all(bestAny(history.Unknown, 1, 0, never), wanted(history.Taken, "y", 5, 6, 0)), "",
	},
	{"unknown best does not excuse two grants", all(best(history.Unknown, 1, 0, never), granting("x", 0, 2, far, 0),
		granting("y", 5, 7, far, 0)), GrantedTwice},
	{"repeat of an unknown hold", all(wanted(history.Unknown, "x", 0, never, 0), granting("x", 5, 6, far, 0),
		wanted(history.Taken, "y", 3, 4, 0)), ""},
	{"repeat of a hold", all(granting("x", 0, 2, far, 0), granting("x", 5, 6, far, 0)), ""},
	{"repeat told another booking", all(granting("x", 0, 2, 3, 0), granting("x'", 5, 6, far, 0)), SecondAnswer},
	{"repeat told other seats", all(granting("x", 0, 2, far, 0), granting("x", 5, 6, far, 1)), SecondAnswer},
	{"repeat refused", all(granting("x", 0, 2, far, 0), wanted(history.Taken, "x", 5, 6, 0)), Forgotten},
	{"repeat refused beside the first", all(granting("x", 0, 6, far, 0), granting("y", 1, 2, far, 1),
		wanted(history.Taken, "x", 3, 5, 1)), ""},
	{"repeat turned away", all(granting("x", 0, 2, far, 0), wanted(history.Refused, "x", 5, 6, 0)), ""},
	{"granted after a refusal of the same key", all(granting("y", 0, 1, 3, 0), wanted(history.Taken, "x", 1, 2, 0),
		granting("x", 5, 6, far, 0)), ""},
	{"repeat of a hold that was released", all(granting("x", 0, 2, far, 0), released(history.Done, "x", 3, 4),
		granting("x", 5, 6, 0, 0), granting("y", 7, 8, far, 0)), ""},
	{"a late repeat tells a hold already over", all(wanted(history.Unknown, "x", 0, never, 0),
		granting("y", 300, 301, far, 0), granting("x", 400, 401, 0, 0)), ""},
	{"one booking told to two", all(granting("x", 0, 2, far, 0), granting("x", 5, 6, far, 1), otherKey(7)),
		SharedBooking},
	{"confirmed twice", all(granting("x", 0, 2, far, 0), confirmed(history.Done, "x", 3, 4),
		confirmed(history.Done, "x", 5, 6), otherKey(7)), ""},
	{"sold after its end", all(granting("x", 0, 2, 100, 0), confirmed(history.Done, "x", 102, 103)), ActedLate},
	{"sold within the slack", all(granting("x", 0, 2, 100, 0), confirmed(history.Done, "x", 101, 103)), ""},
	{"sold after its end, confirmed before", all(granting("x", 0, 2, 100, 0), confirmed(history.Done, "x", 50, 51),
		confirmed(history.Done, "x", 102, 103), otherKey(7)), ""},
	{"sold after its end, perhaps before", all(granting("x", 0, 2, 100, 0), confirmed(history.Unknown, "x", 50, never),
		confirmed(history.Done, "x", 102, 103), otherKey(7)), ""},
	{"sold after its end, extended", all(granting("x", 0, 2, 100, 0), extended(history.Done, "x", 50, 51, 150),
		confirmed(history.Done, "x", 102, 103)), ""},
	{"sold after its end, perhaps extended", all(granting("x", 0, 2, 100, 0),
		extended(history.Unknown, "x", 50, never, 0), confirmed(history.Done, "x", 102, 103)), ""},
	{"extended after its end", all(granting("x", 0, 2, 100, 0), extended(history.Done, "x", 110, 111, 200)), ActedLate},
	{"a map", all(granting("x", 0, 2, far, 0), granting("y", 0, 2, far, 1), confirmed(history.Done, "x", 3, 4),
		shown("sha", 5, 6)), ""},
	{"a map while it happens", all(granting("x", 0, 2, far, 0), confirmed(history.Done, "x", 3, 9), shown("haa", 5, 6),
		shown("saa", 7, 8)), ""},
	{"maps that go back", all(granting("x", 0, 2, far, 0), confirmed(history.Done, "x", 3, 9), shown("saa", 5, 6),
		shown("haa", 7, 8)), NoOrder},
	{"a map shows a held seat free", all(granting("x", 0, 2, far, 0), shown("aaa", 5, 6)), ShownFree},
	{"a map shows a sold seat held", all(granting("x", 0, 2, far, 0), confirmed(history.Done, "x", 3, 4),
		shown("haa", 5, 6)), NoOrder},
	{"a map shows a free seat sold", all(shown("saa", 5, 6)), RefusedFree},
	{"a map shows an unknown hold", all(wanted(history.Unknown, "u", 0, never, 0), shown("haa", 5, 6)), ""},
	{"an unknown hold is not a sale", all(wanted(history.Unknown, "u", 0, never, 0), shown("saa", 5, 6)), NoOrder},
	{"a blocked seat is refused", all(shown("baa", 1, 2), wanted(history.Taken, "y", 5, 6, 0)), ""},
	{"a map too short", all(shown("aa", 5, 6)), OddLetters},
	{"a map of other letters", all(shown("axa", 5, 6)), OddLetters},
	{"none left, and it is so", all(granting("x", 0, 2, far, 0, 1), best(history.NoneLeft, 2, 5, 6)), ""},
	{"none left, though two are", all(granting("x", 0, 2, far, 0), best(history.NoneLeft, 2, 5, 6)), NoneLeftFalse},
	{"none left while a hold was asked for", all(granting("x", 0, 2, far, 0), granting("y", 6, 8, far, 1),
		best(history.NoneLeft, 2, 5, 7)), ""},
	{"none left while a release was under way", all(granting("x", 0, 2, far, 0, 1), released(history.Done, "x", 3, 6),
		best(history.NoneLeft, 2, 5, 7)), ""},
	{"none left after a release", all(granting("x", 0, 2, far, 0, 1), released(history.Done, "x", 3, 4),
		best(history.NoneLeft, 2, 5, 7)), NoneLeftFalse},
	{"none left, perhaps an unknown hold's", all(wanted(history.Unknown, "u", 0, never, 0, 1),
		best(history.NoneLeft, 2, 5, 7)), ""},
	{"none left, perhaps an unknown best's", all(best(history.Unknown, 2, 0, never), best(history.NoneLeft, 2, 5, 7)),
		""},
	{"none left, more than an unknown best's", all(best(history.Unknown, 1, 0, never), best(history.NoneLeft, 2, 5, 7)),
		NoneLeftFalse},
	{"none left anywhere, and section B is empty", all(granting("x", 0, 2, far, 0, 1, 2),
		bestAny(history.NoneLeft, 3, 5, 7)), NoneLeftFalse},
	{"none left anywhere of more than a section has", all(bestAny(history.NoneLeft, 4, 5, 7)), ""},
}

func TestVerdicts(t *testing.T) {
	for _, c := range verdictsOf {
		result := judge(historyOf(c.says...))
		if got := codes(&result); got != string(c.want) {
			t.Errorf("%s: %q, want %q\n%v", c.name, got, c.want, result.String())
		}
	}
}

// TestBlockedSeatsLeaveGoneUnchecked: what was not looked at has not passed.
func TestBlockedSeatsLeaveGoneUnchecked(t *testing.T) {
	result := judge(historyOf(shown("baa", 1, 2), best(history.NoneLeft, 1, 5, 6)))
	if gone := result.Find(Gone); gone.State != NotChecked || result.Passed() {
		t.Errorf("%v\n%v", gone.State, result.String())
	}
}

// TestNoTimeIsNotChecked: a seat whose search had no time left counts as not checked, and never as passed; neither does
// a section.
func TestNoTimeIsNotChecked(t *testing.T) {
	clock := time.Unix(0, 0)
	late := func() time.Time { clock = clock.Add(time.Second); return clock }
	// nothing plain
	h := historyOf(granting("x", 0, 2, 10_000, 0), confirmed(history.Done, "x", 3, 9), shown("saa", 5, 6),
		shown("haa", 7, 8))
	for _, budget := range []time.Duration{time.Second, 2 * time.Second} {
		result := Run(context.Background(), h, Options{Budget: budget, Now: late, Workers: 1})
		seats := result.Find(Seats)
		if seats.State != NotChecked || seats.Count("not checked") == 0 || result.State() != NotChecked {
			t.Errorf("budget %v: %v\n%v", budget, seats.State, result.String())
		}
	}
	ended, stop := context.WithCancel(context.Background())
	stop()
	if result := Run(ended, h, Options{}); result.Find(Seats).State != NotChecked {
		t.Errorf("a context that had ended:\n%v", result.String())
	}
}

// TestInvalidHistoryIsNotChecked: nothing is said of a history whose numbers point nowhere.
func TestInvalidHistoryIsNotChecked(t *testing.T) {
	for name, spoil := range map[string]func(h *history.History){
		"event":        func(h *history.History) { h.Parts[0].Ops[0].Event = 9 },
		"section":      func(h *history.History) { h.Parts[0].Ops[0].Section = 9 },
		"any section":  func(h *history.History) { h.Parts[0].Ops[0].Section = history.AnySection },
		"seat":         func(h *history.History) { h.Parts[0].Seats[0] = 9 },
		"span":         func(h *history.History) { h.Parts[0].Ops[0].Seats.Len = 9 },
		"kind":         func(h *history.History) { h.Parts[0].Ops[0].Kind = 0 },
		"verdict":      func(h *history.History) { h.Parts[0].Ops[0].Verdict = 7 },
		"time":         func(h *history.History) { h.Parts[0].Ops[0].Return = -1 },
		"never":        func(h *history.History) { h.Parts[0].Ops[0].Return = history.Never },
		"about":        func(h *history.History) { h.Parts[0].Ops[1].Of = 5 },
		"about itself": func(h *history.History) { h.Parts[0].Ops[1].Of = 1 },
		"no seats":     func(h *history.History) { h.Parts[0].Ops[0].Seats = history.Span{} },
		"no events":    func(h *history.History) { h.Header.Events = nil },
	} {
		h := historyOf(granting("x", 0, 2, 100, 0), confirmed(history.Done, "x", 3, 4))
		if result := judge(h); !result.Passed() {
			t.Fatalf("unspoilt:\n%v", result.String())
		}
		spoil(h)
		if result := judge(h); result.State() != NotChecked || h.Validate() == nil {
			t.Errorf("%s: %v", name, result.State())
		}
	}
}
