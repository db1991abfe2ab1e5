package gate_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
)

var update = flag.Bool("update", false, "rewrite the stories' outcomes and the golden bytes in testdata")

// TestStories runs the scripts in testdata. A script's own lines start in the first column; what came of each stands
// indented below it, and is compared: the answer, every change, and how many stand where. Words of a line:
//
//	found key=value …   opens, closes, doors, session, turn, grace in seconds; cap, rate, mean, return; round, late
//	at 12.5             the clock, in seconds
//	join alice bob …    one batch; party=3 and code=1 for those who follow
//	leave|take|look alice · finish 1 (a session)
//	free 1 2 by n1 n2@7 the barrier of sessions: nodes, and the record they have followed to, if not all
//	stock free=10 held=2 paying=1 holding=3 section=1@7
//	mint 3 uses=2 from=5 until=9 why   presale codes; revoke 1 2 why: two of them from number 1 on
//	draw 0011           the signature of the rule's round, in hexadecimal
//	cap 5|rate 9|pause|resume|message|open  why it is done; key=k1 makes a remembered request
//	crash               the state is lost; a snapshot brings it back, and a replay of the log must agree
//
// At the end the audit judges the log.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := tell(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("%s has another end now (-update rewrites it):\n%s", file, got)
			}
		})
	}
}

// teller runs one story.
type teller struct {
	*desk
	out    strings.Builder
	names  []string // of places
	counts string
}

func tell(t *testing.T, script string) string {
	x := &teller{desk: newDesk(t)}
	x.told = x.change
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "\t") {
			continue
		}
		x.out.WriteString(line + "\n")
		if words := strings.Fields(line); len(words) > 0 && !strings.HasPrefix(line, "#") {
			x.run(words)
			x.where()
		}
	}
	x.same()
	x.wantClean()
	return x.out.String()
}

func (x *teller) say(format string, args ...any) { fmt.Fprintf(&x.out, "\t"+format+"\n", args...) }

func (x *teller) number(word string) uint64 {
	n, err := strconv.ParseUint(word, 10, 32)
	x.must(err)
	return n
}

func (x *teller) seconds(word string) gate.Instant {
	n, err := strconv.ParseFloat(word, 64)
	x.must(err)
	return gate.Instant(n * 1000)
}

func (x *teller) run(words []string) {
	switch words[0] {
	case "at":
		x.now = x.seconds(words[1])
		x.timers()
	case "crash":
		x.crash()
		x.timers()
	case "join":
		x.join(words[1:])
	case "found":
		x.answer(x.do(gate.Command{Kind: gate.Found, Settings: x.settings(words[1:])}))
	case "leave", "take", "look":
		kind := map[string]gate.CommandKind{"leave": gate.Leave, "take": gate.Take, "look": gate.Look}[words[0]]
		a := x.do(gate.Command{Kind: kind, Buyer: nameOf(words[1])})
		x.answer(a)
		x.place(a.Place)
	case "finish":
		x.answer(x.do(gate.Command{Kind: gate.Finish, Session: gate.SessionNo(x.number(words[1]))}))
	case "free":
		x.answer(x.do(x.barrier(words[1:])))
	case "stock":
		x.answer(x.do(gate.Command{Kind: gate.Restock, Stock: x.stock(words[1:])}))
	case "mint", "revoke":
		x.codes(words)
	case "draw":
		x.answer(x.do(gate.Command{Kind: gate.HandIn, Round: x.m.Public().Round, Signature: []byte(words[1])}))
	default:
		x.operate(words)
	}
}

func nameOf(name string) (b gate.Buyer) {
	copy(b[:], name)
	return b
}

func (x *teller) join(words []string) {
	c, party, code := gate.Command{Kind: gate.Join}, uint8(1), codebook.No(0)
	for _, word := range words {
		if n, is := strings.CutPrefix(word, "code="); is {
			code = codebook.No(x.number(n))
			continue
		}
		if n, is := strings.CutPrefix(word, "party="); is {
			party = uint8(x.number(n))
			continue
		}
		c.Entrants = append(c.Entrants, gate.Entrant{Buyer: nameOf(word), Party: party, Code: code})
	}
	x.timers()
	x.names = append(x.names, make([]string, len(c.Entrants))...)
	before := x.m.Public().Joined
	for i, e := range c.Entrants { // names are for telling only: repeats shift nothing, for they are told by number
		x.names[before+uint32(i)] = strings.TrimRight(string(e.Buyer[:]), "\x00")
	}
	a := x.do(c)
	for i := range a.Places {
		if p := &a.Places[i]; p.State != gate.NoPlace && !p.Repeat {
			x.names[p.Number] = strings.TrimRight(string(c.Entrants[i].Buyer[:]), "\x00")
		}
	}
	x.names = x.names[:x.m.Public().Joined]
	x.answer(a)
	for i := range a.Places {
		if why := a.Places[i].Refused; why != gate.Accepted {
			x.say("%s: no: %v", strings.TrimRight(string(c.Entrants[i].Buyer[:]), "\x00"), why)
		}
		x.place(a.Places[i])
	}
}

// codes mints some, or takes some back.
func (x *teller) codes(words []string) {
	c := gate.Command{Kind: gate.Mint, Codes: codebook.Codes{Uses: 1}}
	c.Codes.Count = uint32(x.number(words[1]))
	rest := words[2:]
	if words[0] == "revoke" {
		c.Kind = gate.Revoke
		c.Codes = codebook.Codes{First: codebook.No(c.Codes.Count), Count: uint32(x.number(words[2]))}
		rest = words[3:]
	}
	for _, word := range rest {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "uses":
			c.Codes.Uses = uint32(x.number(value))
		case "from":
			c.Codes.From = x.seconds(value)
		case "until":
			c.Codes.Until = x.seconds(value)
		case "key":
			copy(c.Request[:], value)
		default:
			c.Reason += word
		}
	}
	c.Fingerprint = uint64(c.Codes.Count)
	a := x.do(c)
	x.answer(a)
	if a.Codes.Count > 0 {
		x.say("codes %d to %d, %d uses", a.Codes.First, uint32(a.Codes.First)+a.Codes.Count-1, a.Codes.Uses)
	}
}

func (x *teller) answer(a gate.Answer) {
	if a.Rejection != gate.Accepted {
		x.say("no: %v", a.Rejection)
	} else if a.Repeat {
		x.say("as before")
	}
}

var stateNames = []string{"", "waiting", "called", "present", "offered", "late", "inside", "left", "lapsed", "finished"}

func (x *teller) place(p gate.Place) {
	if p.State == gate.NoPlace {
		return
	}
	text := fmt.Sprintf(
		"%s: place %d, rank %d, %s", x.names[p.Number], p.Number, x.m.Rank(p.Number), stateNames[p.State],
	)
	if p.Repeat {
		text += ", as before"
	}
	if p.State == gate.Inside {
		text += fmt.Sprintf(", session %d until %g", p.Session, float64(p.Until)/1000)
	}
	x.say("%s", text)
}

func (x *teller) barrier(words []string) gate.Command {
	c, nodes := gate.Command{Kind: gate.Free}, false
	for _, word := range words {
		name, seq, followed := strings.Cut(word, "@")
		switch {
		case word == "by":
			nodes = true
		case !nodes:
			c.Sessions = append(c.Sessions, gate.SessionNo(x.number(word)))
		default:
			a := gate.Ack{Seq: x.seq}
			if copy(a.Node[:], name); followed {
				a.Seq = gate.Seq(x.number(seq))
			}
			c.Acks = append(c.Acks, a)
		}
	}
	return c
}

func (x *teller) stock(words []string) (s gate.Stock) {
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		if section, seq, is := strings.Cut(value, "@"); is {
			s.Sections = append(s.Sections, gate.SectionSeq{
				Section: uint32(x.number(section)), Seq: gate.Seq(x.number(seq))})
			continue
		}
		fields := map[string]*uint32{"free": &s.Free, "held": &s.Held, "paying": &s.Paying, "holding": &s.Holding,
			"pool": &s.Pool}
		*fields[key] = uint32(x.number(value))
	}
	return s
}

func (x *teller) settings(words []string) (s gate.Settings) {
	s.Session, s.Turn = 600_000, 60_000
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		times := map[string]*gate.Instant{"opens": &s.OpensAt, "closes": &s.ClosesAt, "doors": &s.DoorsAt}
		lengths := map[string]*gate.Millis{
			"session": &s.Session, "turn": &s.Turn, "grace": &s.Grace, "late": &s.Rule.Late,
		}
		numbers := map[string]*uint32{"cap": &s.Cap, "rate": &s.Rate, "mean": &s.MeanSeats, "return": &s.Return,
			"presale": &s.Presale}
		if p := times[key]; p != nil {
			*p = x.seconds(value)
		} else if p := lengths[key]; p != nil {
			*p = gate.Millis(x.seconds(value))
		} else if p := numbers[key]; p != nil {
			*p = uint32(x.number(value))
		} else if key == "round" { // a beacon with a round each three seconds, from the beginning on
			s.Rule.Chain, s.Rule.Period, s.Rule.Round = [32]byte{1}, 3000, x.number(value)
		} else {
			x.t.Fatalf("unknown setting %s", word)
		}
	}
	return s
}

func (x *teller) operate(words []string) {
	names := map[string]gate.Action{
		"cap": gate.SetCap, "rate": gate.SetRate, "pause": gate.Pause, "resume": gate.Resume,
		"message": gate.SetMessage, "open": gate.OpenDoors,
	}
	action := names[words[0]]
	if action == 0 {
		x.t.Fatalf("unknown word %s", words[0])
	}
	c := gate.Command{Kind: gate.Operate, Action: action}
	words = words[1:]
	if action == gate.SetCap || action == gate.SetRate {
		c.Value, words = uint32(x.number(words[0])), words[1:]
		c.Fingerprint = uint64(c.Value)
	}
	if len(words) > 0 && strings.HasPrefix(words[0], "key=") {
		copy(c.Request[:], words[0])
		words = words[1:]
	}
	c.Reason = strings.Join(words, " ")
	x.answer(x.do(c))
}

// change tells what happened, whoever caused it.
func (x *teller) change(c *gate.Change) {
	switch c.Kind {
	case gate.LobbyClosed:
		x.say("the lobby is closed with %d, round %d", c.Count, c.Round)
	case gate.LotsDrawn:
		x.say("drawn")
	case gate.DoorsOpened:
		x.say("the doors are open")
	case gate.CalledUp:
		x.say("%d called, up to rank %d, on stock %d at a show rate of %d", c.People, c.Upto, c.Cites, c.ShowRate)
	case gate.SlotsOffered:
		x.say("%d offered a slot", c.People)
	case gate.TurnsLapsed:
		x.say("turns lapse: %d called, %d offered, %d of them for good", c.People, c.Offers, c.OffersGone)
	case gate.GraceEnded:
		x.say("grace ends for %d", c.People)
	case gate.SessionsLapse:
		x.say("%d sessions are over", c.People)
	case gate.SlotsFreed:
		x.say("slots are free of %v", c.Sessions)
	case gate.Outage:
		x.say("an outage")
	case gate.Admitted:
		if c.Latecomer {
			x.say("a latecomer enters")
		}
	}
}

// where tells how many stand where, when that has changed.
func (x *teller) where() {
	p := x.m.Public()
	called := int(p.Joined) - int(p.Waiting+p.Present+p.Inside+p.Left+p.Lapsed+p.Finished)
	text := fmt.Sprintf("[waiting %d · called or late %d · present or offered %d · inside %d, slots %d/%d]",
		p.Waiting, called, p.Present, p.Inside, p.Occupied, p.Cap)
	if p.SoldOut {
		text += " sold out"
	}
	if p.Paused {
		text += " paused"
	}
	if text != x.counts {
		x.counts = text
		x.say("%s", text)
	}
}
