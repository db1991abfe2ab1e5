package buyers

import (
	"bytes"
	"strconv"
	"time"

	"holdfast/bench/check/history"
	"holdfast/bench/load"
)

// queued puts a waiting room before another scenario's buyers: they join, ask where they stand as often as they are
// asked to, take their turn, and only then do what the scenario is about; in the end they leave, or buy, or let the
// session run out.
//
// A waiting room is honest if nobody can tell from the answers that it is not: so buyers keep what they were told, and
// the checker judges it. Of those who are called some have gone away without a word (NoShowPart): a waiting room that
// waits for them stands still. One buyer in forty lends the admission to somebody else, who must not get in.
type queued struct {
	inner behaviour
	h     Habits
}

func newQueued(inner behaviour, h *Habits) behaviour {
	b := &queued{inner: inner, h: *h}
	b.h.NoShowPart = orElse(b.h.NoShowPart, 0.3)
	return b
}

// Of the buyers inside, one in so many lends the admission, whatever the lots say; such a part says that they leave.
const (
	lendEvery = 40
	leavePart = 0.8
)

// borrower is the name of whoever borrows a buyer's admission.
const borrower = 1 << 40

func (b *queued) over() bool {
	ending, ok := b.inner.(interface{ over() bool })
	return ok && ending.over()
}

func (b *queued) enter(c *Script, s *shopper, t *load.Turn) bool {
	s.event = int(s.buyer % uint64(len(c.events)))
	if begins, ok := b.inner.(interface{ begin(events int) }); ok {
		begins.begin(len(c.events))
	}
	s.place, s.admission = s.place[:0], s.admission[:0]
	if drawn, ok := b.inner.(interface{ cast(*Script, *shopper) }); ok {
		drawn.cast(c, s)
	} else {
		c.count("people", 1)
	}
	return b.join(c, s, t)
}

func (b *queued) join(c *Script, s *shopper, t *load.Turn) bool {
	s.began = t.Due
	if b.h.ProofOfWork {
		t.Kind, t.After, t.Request = KindChallenge, 0, c.ask.challenge(t.Request[:0], s.event, s.buyer)
		return true
	}
	return b.joinWith(c, s, t, nil)
}

func (b *queued) joinWith(c *Script, s *shopper, t *load.Turn, proof []byte) bool {
	t.Kind, t.After = KindJoin, 0
	t.Request = c.ask.join(t.Request[:0], s.event, group(c.rng), s.buyer, proof)
	return true
}

// challenged solves the puzzle, and joins with the proof.
func (b *queued) challenged(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	if h.verdict != history.Done {
		return (h.class == load.Unknown || h.class == load.Limited) && b.again(c, s, t, h, "challenges")
	}
	began := time.Now()
	proof, ok := solve(nil, t.Answer.Body)
	if !ok {
		h.class = load.Failed
		return false
	}
	s.repeats = 0
	c.time("solving the proof of work", time.Since(began))
	return b.joinWith(c, s, t, proof)
}

func (b *queued) next(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	switch t.Kind {
	case KindChallenge:
		return b.challenged(c, s, t, h)
	case KindJoin:
		return b.joined(c, s, t, h)
	case KindPoll:
		return b.polled(c, s, t, h)
	case KindTurn:
		return b.turned(c, s, t, h)
	case KindBorrowed:
		c.keepQueue(s, t, history.BookBorrowed, h.verdict, 0)
		return b.begin(c, s, t)
	case KindDepart:
		c.keepQueue(s, t, history.LeaveQueue, h.verdict, 0)
		return false
	}
	return b.inside(c, s, t, h)
}

// again repeats a request that was turned away or lost, after as long as the answer says.
func (b *queued) again(c *Script, s *shopper, t *load.Turn, h *outcome, what string) bool {
	c.count(what+" repeated", 1)
	wait := afterLost
	if h.class == load.Limited {
		wait = max(retryAfter(t.Answer.Head), afterLost)
	}
	return c.repeat(s, t, wait)
}

func (b *queued) joined(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	if h.verdict != history.Done {
		c.keepQueue(s, t, history.JoinQueue, h.verdict, 0)
		if h.class == load.Unknown || h.class == load.Limited {
			return b.again(c, s, t, h, "joins")
		}
		c.count("joins refused", 1)
		return false
	}
	place, okPlace := text(t.Answer.Body, memberPlace)
	number, okNumber := digits(t.Answer.Body, memberNumber)
	if !okPlace || !okNumber {
		h.class = load.Failed
		return false
	}
	s.place, s.number, s.repeats = append(s.place[:0], place...), uint32(number), 0
	c.time("pressing the button to having a place", t.Returned-s.began)
	c.keepQueue(s, t, history.JoinQueue, h.verdict, 0)
	return b.follow(c, s, t)
}

// follow does what an answer about the place says.
func (b *queued) follow(c *Script, s *shopper, t *load.Turn) bool {
	body := t.Answer.Body
	next, _ := text(body, memberNext)
	state, _ := text(body, memberState)
	phase, _ := text(body, memberPhase)
	number, _ := digits(body, memberNumber)
	wait, _ := digits(body, memberRetry)
	if uint32(number) != s.number {
		s.number = uint32(number) // the checker finds it: this number is another's
	}
	switch {
	case string(next) == "take_turn" || string(state) == "inside":
		c.keepQueue(s, t, history.PollQueue, history.Done, history.QueueCalled)
		if len(s.admission) == 0 && !s.shows && c.rng.Float64() < b.h.NoShowPart {
			c.keepQueue(s, t, history.PollQueue, history.Done, history.QueueGaveUp)
			c.count("called and did not come", 1)
			return false
		}
		s.shows = true
		return b.turn(c, s, t, 0)
	case string(state) == "gone":
		c.keepQueue(s, t, history.PollQueue, history.Done, history.QueueGone)
		c.count("answered that the place is gone", 1)
		return false
	case string(phase) == "sold_out":
		if ends, ok := b.inner.(interface{ soldOut(event int) }); ok {
			ends.soldOut(s.event)
		}
		c.keepQueue(s, t, history.PollQueue, history.Done, history.QueueSoldOut)
		c.count("answered that nothing is left", 1)
		return false
	}
	t.Kind, t.After = KindPoll, time.Duration(max(wait, 1))*time.Second
	t.Request = c.ask.poll(t.Request[:0], s.event, s.place, s.buyer)
	return true
}

func (b *queued) polled(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	if h.verdict != history.Done {
		if h.class == load.Unknown || h.class == load.Limited {
			return b.again(c, s, t, h, "polls")
		}
		return false
	}
	s.repeats = 0
	return b.follow(c, s, t)
}

func (b *queued) turn(c *Script, s *shopper, t *load.Turn, after time.Duration) bool {
	t.Kind, t.After = KindTurn, after
	t.Request = c.ask.turn(t.Request[:0], s.event, s.place, s.buyer)
	return true
}

var (
	codeNotYourTurn = []byte(`"code":"not_your_turn"`)
	codePaused      = []byte(`"code":"queue_paused"`)
)

func (b *queued) turned(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	body := t.Answer.Body
	switch {
	case h.verdict == history.Done:
	case h.class == load.Unknown || h.class == load.Limited:
		c.keepQueue(s, t, history.TakeTurn, h.verdict, 0)
		return b.again(c, s, t, h, "turns")
	case bytes.Contains(body, codeNotYourTurn) || bytes.Contains(body, codePaused):
		h.class = load.Queued
		return b.turn(c, s, t, max(retryAfter(t.Answer.Head), time.Second))
	default:
		h.class = load.Queued
		c.keepQueue(s, t, history.TakeTurn, h.verdict, history.QueueGone)
		c.count("came when the turn had passed", 1)
		return false
	}
	admission, ok := text(body, memberAdmission)
	until, okTime := expires(body)
	if !ok || !okTime {
		h.class = load.Failed
		return false
	}
	s.admission, s.until = append(s.admission[:0], admission...), until
	c.count("admitted", 1)
	c.time("having a place to being inside", t.Returned-s.began)
	c.keepQueue(s, t, history.TakeTurn, h.verdict, history.QueueInside)
	c.ask.admission = s.admission
	if s.buyer%lendEvery == lendEvery/2 {
		s.section, s.quantity = history.AnySection, 1
		c.best(s, t, 0)
		t.Kind = KindBorrowed
		t.Request = c.ask.best(t.Request[:0], s.event, "", 1, borrower+s.buyer, s.key)
		return true
	}
	return b.begin(c, s, t)
}

// begin lets the scenario's own buyer in.
func (b *queued) begin(c *Script, s *shopper, t *load.Turn) bool {
	event := s.event
	s.tries, s.repeats, s.phase = 0, 0, 0
	t.After = 0
	switch more := b.inner.enter(c, s, t); {
	case !more:
		s.event = event
		return b.depart(c, s, t)
	case s.event != event: // the buyer's own show is sold out, and wants another: its waiting room comes first
		s.admission, s.shows = s.admission[:0], true
		return b.join(c, s, t)
	}
	return true
}

// inside hears what came of the scenario's own requests.
func (b *queued) inside(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	switch {
	case t.Kind == KindHold || t.Kind == KindBest:
		state := history.QueueState(0)
		if h.class == load.Queued || h.class == load.Failed && bytes.Contains(t.Answer.Body, codeExpired) {
			h.class, state = load.Queued, history.QueueNotAdmitted
			c.count("holds after the session's end", 1)
		}
		if state != 0 || h.verdict == history.Done {
			c.keepQueue(s, t, history.BookAdmitted, h.verdict, state)
		}
	case t.Kind == KindConfirm && h.verdict == history.Done:
		c.keepQueue(s, t, history.BoughtInside, h.verdict, 0)
		s.bought = true
	}
	event := s.event
	if b.inner.next(c, s, t, h) {
		return true
	}
	s.event = event
	return b.depart(c, s, t)
}

var codeExpired = []byte(`"code":"admission_expired"`)

// depart says that the buyer leaves, if the buyer is somebody who says so. Whoever has bought is out already.
func (b *queued) depart(c *Script, s *shopper, t *load.Turn) bool {
	if s.bought || c.rng.Float64() >= leavePart {
		return false
	}
	t.Kind, t.After, t.Request = KindDepart, 0, c.ask.depart(t.Request[:0], s.event, s.buyer)
	return true
}

// keepQueue keeps what the waiting room was asked and answered.
func (c *Script) keepQueue(
	s *shopper,
	t *load.Turn,
	kind history.QueueKind,
	v history.Verdict,
	state history.QueueState,
) {
	if c.part == nil {
		return
	}
	op := history.QueueOp{Kind: kind, Verdict: v, State: state, Event: uint16(c.job.FirstEvent + s.event),
		Number: s.number, Buyer: s.buyer, Repeat: kind == history.JoinQueue && t.Answer.Status == 200,
		Call: c.base + history.Nanos(t.Sent), Return: c.base + history.Nanos(t.Returned)}
	if t.Lost {
		op.Return = history.Never
	}
	if kind == history.TakeTurn && v == history.Done {
		op.Until = c.moment(s.until)
	}
	c.part.Queue = append(c.part.Queue, op)
}

// Members of the waiting room's answers.
var (
	memberPlace     = []byte(`"place":"`)
	memberNext      = []byte(`"next":"`)
	memberPhase     = []byte(`"phase":"`)
	memberNumber    = []byte(`"number":`)
	memberRetry     = []byte(`"retry_after":`)
	memberAdmission = []byte(`"admission":"`)
	headerRetry     = []byte("Retry-After")
)

// digits is a member's value that is a whole number of at most 18 digits.
func digits(body, member []byte) (n uint64, ok bool) {
	_, rest, found := bytes.Cut(body, member)
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' && end < 18 {
		n = 10*n + uint64(rest[end]-'0')
		end++
	}
	return n, found && end > 0
}

// retryAfter is the time that an answer's head asks for; 0: none.
func retryAfter(head []byte) time.Duration {
	for line := range load.HeaderLines(head) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, headerRetry) {
			seconds, _ := strconv.Atoi(string(bytes.TrimSpace(value)))
			return time.Duration(seconds) * time.Second
		}
	}
	return 0
}

// queueVerdict is what an answer of the waiting room is worth.
func queueVerdict(t *load.Turn, class load.Outcome) history.Verdict {
	switch {
	case t.Lost || class == load.Unknown:
		return history.Unknown
	case class == load.Held || class == load.Served:
		return history.Done
	case t.Answer.Status == 503 && !bytes.Contains(t.Answer.Body, codeOverloaded):
		return history.Unknown // the gate may have stopped with the request inside
	}
	return history.Refused
}

var codeOverloaded = []byte(`"code":"overloaded"`)

// visit is the scenario doors' own buyer: takes the best that is left, thinks, and pays, gives back, or goes.
type visit struct{ h Habits }

func newVisit(h *Habits) behaviour {
	b := &visit{*h}
	b.h.PayPart = orElse(b.h.PayPart, 0.85)
	b.h.ReleasePart = orElse(b.h.ReleasePart, 0.1)
	b.h.Think = orElse(b.h.Think, 300*time.Millisecond)
	return b
}

func (b *visit) enter(c *Script, s *shopper, t *load.Turn) bool {
	s.section, s.quantity = history.AnySection, group(c.rng)
	return c.best(s, t, 0)
}

func (b *visit) next(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	if more, handled := c.unsettled(s, t, h); handled {
		return more
	}
	switch {
	case h.class == load.Held:
		return c.payOrGo(&b.h, s, t)
	case h.kind == KindBest && s.quantity > 1: // so many are not left together: fewer
		s.section, s.quantity = history.AnySection, s.quantity/2
		return c.best(s, t, 0)
	case h.kind == KindConfirm && h.class == load.Served:
		c.count("buyers who paid", 1)
		c.count("seats paid", uint64(s.size()))
	}
	return false
}
