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

// attemptsMax is how often a command is put before the gate: a gate that comes back between two of them takes it.
const attemptsMax = 3

// do has the gate decide on a command, and waits until the deadline. The errors are *Refusal, and those of package
// writer and shard; ErrTimeout: nobody knows whether it was done.
func (r *Room) do(c gate.Command, deadline time.Time) (*gate.Answer, error) {
	a := newAsk(c)
	for range attemptsMax {
		if err := r.await(deadline); err != nil {
			return nil, err
		}
		sent, failed := r.shard.Run(&a.Request)
		if failed != nil {
			return nil, failed.Why
		}
		if !sent {
			continue
		}
		if !r.clock.Answered(&a.Request, deadline) {
			return nil, ErrTimeout
		}
		return a.result()
	}
	return nil, writer.ErrUnavailable
}

func (a *ask) result() (*gate.Answer, error) {
	switch {
	case a.Err != nil:
		return nil, writer.Reason(a.Err)
	case a.Answer.Rejection != gate.Accepted:
		return &a.Answer, refusals[a.Answer.Rejection]
	}
	return &a.Answer, nil
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
	answer, err := r.do(c, deadline)
	if answer != nil {
		r.tell(&answer.Place, out)
	}
	return err
}

func (r *Room) tell(p *gate.Place, out *Place) {
	*out = Place{Place: *p, Generation: r.settings.Generation, Seq: r.Horizon()}
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
	answer, err := r.do(c, deadline)
	if err != nil {
		return codebook.Codes{}, err
	}
	return answer.Codes, nil
}

var _ shard.Host = (*Room)(nil)
