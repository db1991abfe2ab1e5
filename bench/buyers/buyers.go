package buyers

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"holdfast/bench/check/history"
	"holdfast/bench/load"
)

// Job is everything that a process needs to be a part of a script; it can be sent to another one.
type Job struct {
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	Round    int    `json:"round"`
	// Events are the events, all of one venue.
	Events []string `json:"events"`
	// First is the number of the round's first buyer.
	First uint64 `json:"first"`
	// FirstEvent is the place of the first of them among the history's events.
	FirstEvent int `json:"first_event"`
	// Buyers and Keys are the prefixes of names, different for every server and run.
	Buyers string `json:"buyers"`
	Keys   string `json:"keys"`
	// Start is the history's beginning, by the wall clock.
	Start time.Time `json:"start"`
	// Blind scripts keep no history: against a server that does nothing there is nothing to check.
	Blind bool `json:"blind,omitempty"`
	// WaitingRoom says that the events have one, which comes before everything else.
	WaitingRoom bool `json:"waiting_room,omitempty"`
	// Habits are the scenario's numbers; which ones it knows is told where it is made.
	Habits Habits `json:"habits"`
}

// Habits are what is stated about buyers. A zero value means what the scenario says when nothing is stated.
type Habits struct {
	HotSections float64 `json:"hot_sections,omitempty"` // part of the sections that everybody wants
	FrontRows   int     `json:"front_rows,omitempty"`   // rows that everybody wants
	PayPart     float64 `json:"pay_part,omitempty"`     // part of holders who pay
	ReleasePart float64 `json:"release_part,omitempty"` // part of holders who give back
	BotPart     float64 `json:"bot_part,omitempty"`     // part of arrivals that are scripts
	Losers      float64 `json:"losers,omitempty"`       // refused wishes for each booking, at least
	// mean time between looking and choosing, and between choosing and paying
	Think         time.Duration `json:"think_ns,omitempty"`
	HoldTTL       time.Duration `json:"hold_ttl_ns,omitempty"`
	Retries       int           `json:"retries,omitempty"`
	SuccessorPart float64       `json:"heir_part,omitempty"`    // part of lapsed seats that somebody waits for
	Wave          uint64        `json:"wave,omitempty"`         // holds of one event's wave
	NoShowPart    float64       `json:"no_show_part,omitempty"` // part of the called who do not come
	// BotAddresses is from how many addresses all scripts come, and people from one for sixteen; requests say so
	// in X-Forwarded-For. 0: they say nothing.
	BotAddresses int           `json:"bot_addresses,omitempty"`
	BotPause     time.Duration `json:"bot_pause_ns,omitempty"` // from a script's refusal to its next try; 0: a second
	// ProofOfWork has buyers ask for a challenge before they join, and solve it.
	ProofOfWork bool `json:"proof_of_work,omitempty"`
}

// behaviour is what one scenario's buyers do.
type behaviour interface {
	// enter decides a new buyer's first request; false: nothing.
	enter(c *Script, s *shopper, t *load.Turn) bool
	// next decides the buyer's next one, after an answer; false: the buyer goes home.
	next(c *Script, s *shopper, t *load.Turn, outcome *outcome) bool
}

// shopper is what one buyer remembers between two requests.
type shopper struct {
	buyer    uint64
	keys     uint64 // idempotency keys used
	key      uint64 // of the request under way
	phase    uint8
	bot      bool
	cast     bool   // whether it is a script has been drawn
	from     []byte // address that the requests say they come from; empty: none
	event    int
	section  uint32 // wished; check.AnySection: any
	quantity uint32
	tries    int
	repeats  int      // of one request, its outcome not being known
	seats    []uint32 // wished, or held
	legs     []cutLeg // held in further sections
	booking  []byte
	op       int32 // the booking's operation in the part
	lapses   int64 // expires_at in Unix milliseconds
	first    int64 // a successor's: when the hold before it was to end

	// In front of a waiting room, and behind it.
	began     time.Duration // when the place was asked for
	place     []byte        // the place's token
	number    uint32
	admission []byte
	until     int64 // its end in Unix milliseconds
	shows     bool  // comes when called
	bought    bool
}

// outcome is what came of one request.
type outcome struct {
	class   load.Outcome
	verdict history.Verdict
	kind    load.Kind
}

// Script is the script of one loop: its buyers, and what they were told.
type Script struct {
	job    *Job
	events []*Event
	ask    *asker
	act    behaviour
	rng    *rand.Rand
	part   *history.Part // nil: nothing is kept
	base   history.Nanos // what the load's clock is behind the history's
	wall   int64         // the history's beginning in Unix nanoseconds
	lost   []uint32
	counts map[string]uint64
	times  map[string]load.Latencies

	// OnProbe, if set, is told of a probe's seat just before it is asked for.
	OnProbe func(SeatRef)
}

// New makes a script. loop numbers the loops of all processes of the run, so that no two draw the same lots.
func New(job *Job, events []*Event, host string, identity Identity, loop int) (*Script, error) {
	act, err := newBehaviour(job)
	if err != nil {
		return nil, err
	}
	c := &Script{
		job: job, events: events, ask: newAsker(host, identity, job.Buyers, job.Keys, events), act: act,
		rng:    rand.New(rand.NewPCG(job.Seed, uint64(loop)<<32|uint64(job.Round))),
		wall:   job.Start.UnixNano(),
		counts: map[string]uint64{}, times: map[string]load.Latencies{},
	}
	if !job.Blind {
		c.part = &history.Part{}
	}
	return c, nil
}

func newBehaviour(job *Job) (behaviour, error) {
	make, known := behaviours[job.Scenario]
	if !known {
		return nil, fmt.Errorf("buyers: nobody behaves like %q", job.Scenario)
	}
	act := make(&job.Habits)
	if job.WaitingRoom {
		act = newQueued(act, &job.Habits)
	}
	return act, nil
}

// Begin is load.Script's: it puts the load's clock on the history's.
func (c *Script) Begin(at time.Time) { c.base = history.Nanos(at.UnixNano() - c.wall) }

// Part is the history so far; nil of a blind script.
func (c *Script) Part() *history.Part { return c.part }

// Counts are what the scenario counts besides requests: people, scripts, seats paid …
func (c *Script) Counts() map[string]uint64 { return c.counts }

// Times are what the scenario takes the time of, besides requests.
func (c *Script) Times() map[string]load.Latencies { return c.times }

func (c *Script) time(what string, took time.Duration) {
	l, known := c.times[what]
	if !known {
		l = load.NewLatencies()
		c.times[what] = l
	}
	l.Record(took)
}

func (c *Script) count(what string, n uint64) { c.counts[what] += n }

// Over ends the arrivals: of a sale that goes on until nothing is left.
func (c *Script) Over() bool {
	ending, ok := c.act.(interface{ over() bool })
	return ok && ending.over()
}

// Arrive is load.Script's.
func (c *Script) Arrive(t *load.Turn) bool {
	s, ok := t.State.(*shopper)
	if !ok {
		s = &shopper{}
		t.State = s
	}
	*s = shopper{buyer: t.Buyer, op: history.NoOp, seats: s.seats[:0], legs: s.legs[:0], booking: s.booking[:0],
		place: s.place[:0], admission: s.admission[:0], from: s.from[:0]}
	c.ask.admission, c.ask.from = s.admission, s.from
	return c.act.enter(c, s, t)
}

// Answered is load.Script's.
func (c *Script) Answered(t *load.Turn) (load.Outcome, bool) {
	s := t.State.(*shopper)
	c.ask.admission, c.ask.from = s.admission, s.from
	h := outcome{kind: t.Kind}
	if t.Kind >= KindJoin {
		h.class = load.Classify(t.Answer.Status, t.Answer.Body)
		if t.Lost {
			h.class = load.Unknown
		}
		h.verdict = queueVerdict(t, h.class)
		more := c.act.next(c, s, t, &h)
		return h.class, more
	}
	h.class, h.verdict = verdictOf(t)
	if h.verdict == history.Done {
		c.understand(s, t, &h)
	}
	c.record(s, t, &h)
	class := h.class
	more := c.act.next(c, s, t, &h)
	if h.class == load.Queued {
		class = load.Queued
	}
	return class, more
}

// understand takes what it needs out of a success. A success that does not say what it must is Failed: nobody can rely
// on it.
func (c *Script) understand(s *shopper, t *load.Turn, h *outcome) {
	ok := true
	switch t.Kind {
	case KindHold, KindBest:
		ok = c.granted(s, t.Answer.Body)
	case KindExtend:
		s.lapses, ok = expires(t.Answer.Body)
	}
	if !ok {
		h.class, h.verdict = load.Failed, history.Unknown
	}
}

// granted reads a booking.
func (c *Script) granted(s *shopper, body []byte) bool {
	id, okID := text(body, memberID)
	lapses, okTime := expires(body)
	if !okID || !okTime {
		return false
	}
	s.booking, s.lapses, s.seats = append(s.booking[:0], id...), lapses, s.seats[:0]
	s.legs = s.legs[:0]
	plan := c.events[s.event].Plan
	ok := texts(body, memberSeats, func(seat []byte) bool {
		place, found := plan.Find(seat)
		s.keep(place)
		return found
	})
	return ok && len(s.seats) > 0
}

// cutLeg is what a booking has in one more section.
type cutLeg struct {
	section uint32
	seats   []uint32
}

// keep adds a seat to those that the buyer has: the first one's section is the booking's, and others are legs.
func (s *shopper) keep(place SeatRef) {
	if len(s.seats) == 0 {
		s.section = place.Section
	}
	if place.Section == s.section {
		s.seats = append(s.seats, place.Seat)
		return
	}
	for i := range s.legs {
		if leg := &s.legs[i]; leg.section == place.Section {
			leg.seats = append(leg.seats, place.Seat)
			return
		}
	}
	s.legs = append(s.legs, cutLeg{place.Section, []uint32{place.Seat}})
}

// size is how many seats the buyer has.
func (s *shopper) size() (n int) {
	for i := range s.legs {
		n += len(s.legs[i].seats)
	}
	return n + len(s.seats)
}

var opKinds = [...]history.Kind{
	KindHold: history.Hold, KindBest: history.Best, KindConfirm: history.Confirm, KindRelease: history.Release,
	KindExtend: history.Extend, KindLook: history.Look,
	KindSeatmap: history.Look,
}

// record keeps what was asked and told.
func (c *Script) record(s *shopper, t *load.Turn, h *outcome) {
	if c.part == nil || t.Kind == KindSeatmap {
		return
	}
	op := history.Op{
		Kind: opKinds[t.Kind], Verdict: h.verdict, Event: uint16(c.job.FirstEvent + s.event),
		Quantity: uint16(s.quantity), Section: s.section, Of: history.NoOp,
		Buyer: s.buyer, Key: s.key, Call: c.base + history.Nanos(t.Sent), Return: c.base + history.Nanos(t.Returned),
	}
	if t.Lost {
		op.Return = history.Never
	}
	switch t.Kind {
	case KindHold, KindBest:
		c.recordHold(&op, s, t)
	case KindLook:
		if !c.recordLook(&op, s, t) {
			return
		}
	case KindExtend:
		op.Of, op.Expires = s.op, c.moment(s.lapses)
	default:
		op.Of = s.op
	}
	c.part.Ops = append(c.part.Ops, op)
	if (op.Kind == history.Hold || op.Kind == history.Best) && op.Verdict == history.Done {
		of := len(c.part.Ops) - 1
		for i := range s.legs {
			c.part.AddLeg(of, s.legs[i].section, s.legs[i].seats)
		}
	}
}

func (c *Script) recordHold(op *history.Op, s *shopper, t *load.Turn) {
	switch op.Verdict {
	case history.Done:
		op.Seats, op.Text, op.Expires = c.part.AddSeats(s.seats), c.part.AddText(s.booking), c.moment(s.lapses)
		s.op = int32(len(c.part.Ops))
	case history.Taken:
		if t.Kind == KindBest { // it names seats that nobody wished for
			return
		}
		op.Seats, op.Lost = c.part.AddSeats(s.seats), c.part.AddSeats(c.lostOf(s, t.Answer.Body))
	default:
		if t.Kind == KindHold {
			op.Seats = c.part.AddSeats(s.seats)
		}
	}
}

// lostOf are the seats that a refusal names, of those that were wished.
func (c *Script) lostOf(s *shopper, body []byte) []uint32 {
	section := &c.events[s.event].Plan.Sections[s.section]
	c.lost = c.lost[:0]
	texts(body, memberSeats, func(id []byte) bool {
		for _, seat := range s.seats {
			if bytes.Equal(section.SeatID(seat), id) {
				c.lost = append(c.lost, seat)
			}
		}
		return true
	})
	return c.lost
}

func (c *Script) recordLook(op *history.Op, s *shopper, t *load.Turn) bool {
	letters, ok := c.letters(s, t)
	if !ok || op.Verdict != history.Done || s.section == history.AnySection {
		return false
	}
	op.Text = c.part.AddText(letters)
	return true
}

// letters are the looked-at section's, one a seat.
func (c *Script) letters(s *shopper, t *load.Turn) ([]byte, bool) {
	if s.section == history.AnySection {
		return nil, false
	}
	section := &c.events[s.event].Plan.Sections[s.section]
	c.ask.body = append(append(append(c.ask.body[:0], memberID...), section.ID...), '"')
	_, rest, found := bytes.Cut(t.Answer.Body, c.ask.body)
	letters, ok := text(rest, memberStatus)
	return letters, found && ok && len(letters) == int(section.Seats)
}

// moment puts a wall-clock time in Unix milliseconds on the history's clock.
func (c *Script) moment(unixMillis int64) history.Nanos {
	return history.Nanos(unixMillis*int64(time.Millisecond) - c.wall)
}

// newKey makes a request one of its own.
func (s *shopper) newKey() {
	s.key = s.buyer*keysMax + s.keys%keysMax
	s.keys++
	s.repeats = 0
}

// keysMax bounds the requests of one buyer.
const keysMax = 1000

// exponential draws a time of this mean, at most four times as long: people who think for ever are people who went
// home.
func (c *Script) exponential(mean time.Duration) time.Duration {
	return min(time.Duration(-math.Log(1-c.rng.Float64())*float64(mean)), 4*mean)
}
