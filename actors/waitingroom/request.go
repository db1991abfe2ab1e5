package waitingroom

import (
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
)

// ask is one command on its way to the gate and back.
type ask struct {
	writer.Request
	gate.Call
	seq  gate.Seq   // a record at or behind the one that another node's answer rests on; 0: answered here
	then func(*ask) // of one that nobody waits for: called once, on the shard's goroutine; must not wait
}

// newAsk makes a command that somebody waits for.
func newAsk(c gate.Command) *ask {
	a := &ask{Call: gate.Call{Command: c}}
	a.Payload, a.Owner = &a.Call, a
	a.Init()
	return a
}

// newOrder makes a command that nobody waits for.
func newOrder(c gate.Command, then func(*ask)) *ask {
	a := &ask{Call: gate.Call{Command: c}, then: then}
	a.Payload, a.Owner = &a.Call, a
	a.OnAnswer = func(*writer.Request) { a.then(a) }
	return a
}

// Refusal is the gate's business "no".
type Refusal struct {
	Code gate.Rejection
	Wait gate.Millis // until it would be another answer; 0: not known
}

func (r *Refusal) Error() string { return "waiting room: refused: " + r.Code.String() }

// refusals are made once, so that a refusal allocates nothing.
var refusals = func() (all [256]*Refusal) {
	for code := range all {
		all[code] = &Refusal{Code: gate.Rejection(code)}
	}
	return all
}()

// A command is put on its way as often as a request for a section, and with the same pauses; see package request.
const (
	attemptsMax    = 9
	attemptsAtOnce = 3
	attemptPause   = 2 * time.Millisecond
	changingHands  = 15 * time.Millisecond
)

// do has the gate decide on a command, here or on the node that has it, and waits until the deadline. The errors are
// *Refusal, and those of package writer and shard; ErrTimeout: nobody knows whether it was done. All commands may be
// repeated, so one that was lost with a node is sent again.
func (r *Room) do(c gate.Command, deadline time.Time) (*ask, error) {
	failed := shard.Moved
	for n := range attemptsMax {
		if n >= attemptsAtOnce {
			r.clock.Pause(r.node.Context, min(attemptPause<<(n-attemptsAtOnce), deadline.Sub(r.clock.Now())))
		}
		a := newAsk(c)
		if failed = r.send(a, deadline); failed == nil {
			if !r.clock.Answered(&a.Request, deadline) {
				return nil, ErrTimeout
			}
			if a.Err == nil {
				return a, a.result()
			}
			if failed = writer.FailureOf(a.Err); failed == nil { // a gate says no plain no in place of an answer
				failed = writer.Unavailable
			}
		}
		switch {
		case failed.Retry == writer.Elsewhere:
		case failed.Class == writer.NotDone && failed.Retry == writer.Here && n+1 < attemptsAtOnce:
			r.clock.Pause(r.node.Context, min(changingHands, deadline.Sub(r.clock.Now())))
		default:
			return nil, failed.Why
		}
	}
	return nil, failed.Why
}

// result is the gate's "no", or nil.
func (a *ask) result() error {
	if a.Answer.Rejection != gate.Accepted {
		return refusals[a.Answer.Rejection]
	}
	return nil
}

// order sends a command that nobody waits for. False: it is not on its way, and then is not called.
func (r *Room) order(c gate.Command, then func(*ask)) bool {
	sent, failed := r.shard.Send(&newOrder(c, then).Request)
	return sent && failed == nil
}

// Place is a buyer's place, as the gate has it.
type Place struct {
	gate.Place
	Generation uint32
	// Seq is a record of the gate's log at or behind the one that the answer rests on.
	Seq gate.Seq
}

// place sends a command about a buyer's own place.
func (r *Room) place(c gate.Command, deadline time.Time, out *Place) error {
	a, err := r.do(c, deadline)
	if a != nil {
		r.tell(&a.Answer.Place, a.seq, out)
	}
	return err
}

func (r *Room) tell(p *gate.Place, seq gate.Seq, out *Place) {
	*out = Place{Place: *p, Generation: r.settings.Generation, Seq: max(seq, r.Horizon())}
}

// Leave gives a buyer's place up, or ends the buyer's session.
func (r *Room) Leave(buyer gate.Buyer, deadline time.Time, out *Place) error {
	return r.place(gate.Command{Kind: gate.Leave, Buyer: buyer}, deadline, out)
}

// Take takes a buyer's turn: with a nil error and State Inside, Session has begun and lasts to Until.
func (r *Room) Take(buyer gate.Buyer, deadline time.Time, out *Place) error {
	return r.place(gate.Command{Kind: gate.Take, Buyer: buyer}, deadline, out)
}

// Look reads a buyer's place.
func (r *Room) Look(buyer gate.Buyer, deadline time.Time, out *Place) error {
	return r.place(gate.Command{Kind: gate.Look, Buyer: buyer}, deadline, out)
}

// Do has the gate decide on an operator's command, or on a beacon's round.
func (r *Room) Do(c gate.Command, deadline time.Time) error {
	_, err := r.do(c, deadline)
	return err
}

// Codes mints presale codes (gate.Mint), or takes some back (gate.Revoke), and tells which were minted.
func (r *Room) Codes(c gate.Command, deadline time.Time) (codebook.Codes, error) {
	a, err := r.do(c, deadline)
	if err != nil {
		return codebook.Codes{}, err
	}
	return a.Answer.Codes, nil
}

var _ shard.Host = (*Room)(nil)
