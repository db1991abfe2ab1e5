package queue

import (
	"cmp"
	"strconv"
	"sync"

	"github.com/valyala/fasthttp"

	"holdfast/actors/gate"
	"holdfast/actors/gate/position"
	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
)

// asked is what a poll says besides its place.
type query struct {
	party    uint8 // 0: not told
	eta, ago int64 // an earlier answer's ETA, and how many seconds ago it was given; -1: not told
}

// etaMax bounds what a caller says of an earlier answer, in seconds: a month.
const etaMax = 31 * 24 * 3600

func parseQuery(query *fasthttp.Args) (a query, err error) {
	a.eta, a.ago = position.Unknown, -1
	for name, value := range query.All() {
		n, err := strconv.Atoi(wire.Borrow(value))
		switch string(name) {
		case "party":
			if err != nil || n < 1 || n > wire.BookingSeatsMax {
				return a, partyBad
			}
			a.party = uint8(n)
		case "eta", "ago":
			if err != nil || n < 0 || n > etaMax {
				return a, problem.BadField(string(name), "must be whole seconds of an earlier answer")
			}
			if string(name) == "eta" {
				a.eta = int64(n)
			} else {
				a.ago = int64(n)
			}
		default:
			return a, problem.BadField(wire.Name(name), "is not a known parameter")
		}
	}
	return a, nil
}

var partyBad = problem.BadField("party", "must be a whole number from 1 to 100")

// stand is where a number stands. The frame of a node may be older than the place.
func (b *board) stand(number gate.Number) position.Standing {
	f := b.position
	f.Joined = max(f.Joined, uint32(number)+1)
	return f.Stand(number)
}

// mayBeCalled says that the counters do not rule out that the place has been called: then only the gate knows.
func (b *board) mayBeCalled(s *position.Standing) bool {
	return b.frame.Phase >= gate.Drawn && s.Rank < b.frame.Called
}

// reply is one answer about a place, with what its pointers point to: pooled, so that a poll allocates nothing.
type reply struct {
	board  *board
	query  query
	answer waitingroom.Place
	stand  position.Standing
	until  wire.OffsetTime
}

var replies = sync.Pool{New: func() any { return new(reply) }}

// reply begins an answer by what the counters say of a number. Give it to send, or to drop.
func (h *Handlers) reply(b *board, number gate.Number, a query) *reply {
	y := replies.Get().(*reply)
	*y = reply{board: b, query: a, stand: b.stand(number)}
	s := &y.stand
	y.answer = waitingroom.Place{State: stateWaiting, Phase: b.phase, Number: uint32(number), Position: s.Position,
		Ahead: s.Ahead, ETABasis: cmp.Or(s.Why, "pace"), Next: waitingroom.NextWait}
	y.answer.RetryAfter = jittered(pollAfter(&b.position, b.queued(), h.cfg.PollsPerSecond, s), number, b.frame.Seq)
	if a.eta != position.Unknown {
		y.answer.ETAGrew = position.Grew(position.Standing{ETA: a.eta}, *s, max(a.ago, 0))
	}
	return y
}

func (y *reply) drop() {
	*y = reply{}
	replies.Put(y)
}

// The states of a place as the wire has them.
const (
	stateWaiting = "waiting"
	stateCalled  = "called"
	stateInside  = "inside"
	stateGone    = "gone"
)

// exactly corrects an answer by what the gate said.
func (y *reply) exactly(p *Place) {
	answer := &y.answer
	answer.Number = uint32(p.Number)
	switch p.State {
	case gate.Called, gate.Offered, gate.Late:
		answer.State, answer.Next, answer.RetryAfter = stateCalled, waitingroom.NextTakeTurn, pollLeast
	case gate.Present: // came when no slot was free: one will be kept
		answer.State, answer.Next, answer.RetryAfter = stateCalled, waitingroom.NextWait, pollCalled
	case gate.Inside:
		y.until = call.TimeIn(y.board.event.Zone(), p.Until)
		answer.State, answer.Next, answer.RetryAfter = stateInside, waitingroom.NextBook, pollInside
	case gate.Left, gate.Lapsed, gate.Finished:
		answer.State, answer.Gone, answer.RetryAfter = stateGone, goneNames[p.State], pollGone
		if answer.Next = waitingroom.NextJoin; y.board.frame.SoldOut {
			answer.Next = waitingroom.NextLeave
		}
	}
}

var goneNames = map[gate.PlaceState]string{gate.Left: "left", gate.Lapsed: "lapsed", gate.Finished: "finished"}

var headerRetryAfter = []byte("Retry-After")

// send encodes an answer, and takes it back.
func (y *reply) send(r *call.Call, status int) error {
	defer y.drop()
	answer := &y.answer
	if y.stand.ETA != position.Unknown && answer.State == stateWaiting {
		answer.ETASeconds = &y.stand.ETA
	}
	if answer.State == stateInside {
		answer.ExpiresAt = &y.until
	}
	if all := y.board.stock.parties; all != nil && y.query.party > 0 && answer.State != stateGone {
		answer.Party = &all[y.query.party]
	}
	r.Text = strconv.AppendInt(r.Text[:0], int64(answer.RetryAfter), 10)
	r.Ctx.Response.Header.SetCanonical(headerRetryAfter, r.Text)
	r.Out = waitingroom.AppendPlace(r.Out[:0], answer, y.board.shared)
	document.NoStore(&r.Ctx.Response.Header)
	return r.JSON(status)
}
