package entry

import (
	"crypto/rand"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/gate/place"
	"holdfast/actors/gate/presale"
	"holdfast/actors/section"
	"holdfast/api/captcha"
	"holdfast/api/problem"
	"holdfast/api/proofofwork"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// Checks judges joins. Safe for concurrent use.
type Checks struct {
	puzzles *proofofwork.Puzzles
	codes   *presale.Keys
	captcha *captcha.Service // nil: there is none here
	now     func() time.Time
	rushes  rushes
}

// New makes checks, and registers their metrics. now is the clock for tokens; captchas nil: nobody is asked whether a
// buyer is a person, and an event that wants it gets no joins here.
func New(puzzles *proofofwork.Puzzles, codes *presale.Keys, captchas *captcha.Service, now func() time.Time,
	registry prometheus.Registerer) *Checks {
	c := &Checks{puzzles: puzzles, codes: codes, captcha: captchas, now: now}
	shown := verdicts{}
	if captchas != nil {
		shown.guard = captchas.Guard
	}
	registry.MustRegister(&c.rushes, shown)
	return c
}

// AppendChallenge appends the JSON of waitingroom.Challenge: what a join of the buyer needs now. The event has a
// waiting room. A captcha that cannot be judged here is refused at once, before anybody solves one.
func (c *Checks) AppendChallenge(dst []byte, event *storage.Event, buyer section.BuyerID) ([]byte, error) {
	if event.WaitingRoom.Captcha && c.captcha == nil {
		return dst, captchaUnavailable
	}
	dst = append(dst, '{')
	if work := event.WaitingRoom.ProofOfWork; work != nil {
		now := c.now().UnixMilli()
		var chance proofofwork.Chance
		_, _ = rand.Read(chance[:]) // never fails: it ends the process where it cannot deliver
		whose := proofofwork.Whose{Event: event.ID, Buyer: buyer}
		number, expires := c.rushes.number(event.ID, work, now), now+int64(work.LifetimeMillis)
		dst = c.puzzles.Append(append(dst, `"proof_of_work":`...), &whose, expires, number, &chance)
	}
	if event.WaitingRoom.Presale {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(dst, `"presale":true`...)
	}
	if event.WaitingRoom.Captcha {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = c.appendWidget(dst, event.ID, buyer)
	}
	return append(dst, '}'), nil
}

// Check says why a join may not be put before the gate; nil: it may, with the number of a presale code where the event
// asks for one. The event has a waiting room of a generation.
func (c *Checks) Check(event *storage.Event, generation uint32, buyer section.BuyerID, join *waitingroom.Join) (
	code codebook.No, err error) {
	room := event.WaitingRoom
	if room.ProofOfWork != nil {
		if err := c.checkProof(event, buyer, join.Proof); err != nil {
			return 0, err
		}
	}
	if room.Presale {
		whose := place.Whose{Event: event.ID, Generation: generation, Buyer: gate.Buyer(buyer)}
		if code, err = c.checkCode(&whose, join.Code); err != nil {
			return 0, err
		}
	}
	if room.Captcha {
		return code, c.checkPerson(event.ID, buyer, join.Captcha)
	}
	return code, nil
}

// Joined tells of a place that was given.
func (c *Checks) Joined(event *storage.Event) {
	if work := event.WaitingRoom.ProofOfWork; work != nil {
		c.rushes.joined(event.ID, work, c.now().UnixMilli())
	}
}

// refusal is what a room's error is to the outside.
type refusal struct {
	of error
	is *problem.Problem
}

func refusalOf(err error, all []refusal, otherwise error) error {
	for i := range all {
		if errors.Is(err, all[i].of) {
			return all[i].is
		}
	}
	return otherwise
}

// Refusals that never differ are made once: a flood of them costs no memory (P7).
var (
	proofGarbled  = problem.BadField("proof", "is no proof of work")
	proofRequired = &problem.Problem{Kind: problem.ProofRequired, Field: "proof"}
	proofRefusals = []refusal{
		{proofofwork.ErrExpired, &problem.Problem{Kind: problem.ProofExpired, Field: "proof"}},
		{proofofwork.ErrWork, &problem.Problem{Kind: problem.ProofWrong, Field: "proof"}},
		{proofofwork.ErrForged, &problem.Problem{Kind: problem.TokenForged, Field: "proof"}},
		{proofofwork.ErrEvent, &problem.Problem{Kind: problem.WrongEvent, Field: "proof"}},
		{proofofwork.ErrBuyer, &problem.Problem{Kind: problem.WrongBuyer, Field: "proof"}},
	}
)

var (
	codeGarbled  = problem.BadField("code", "is no presale code")
	codeRequired = &problem.Problem{Kind: problem.CodeRequired, Field: "code"}
	codeRefusals = []refusal{
		{presale.ErrEvent, &problem.Problem{Kind: problem.WrongEvent, Field: "code"}},
		{presale.ErrBuyer, &problem.Problem{Kind: problem.WrongBuyer, Field: "code"}},
		{presale.ErrForged, &problem.Problem{Kind: problem.TokenForged, Field: "code"}},
	}
)

// checkCode gives a code's number. Whether the code lets somebody in is the gate's to say.
func (c *Checks) checkCode(whose *place.Whose, code *string) (codebook.No, error) {
	if code == nil || *code == "" {
		return 0, codeRequired
	}
	number, err := c.codes.Open(*code, whose)
	if err != nil {
		return 0, refusalOf(err, codeRefusals, codeGarbled)
	}
	return number, nil
}

// CodeOf gives a code's number, whoever may use it: for operators.
func (c *Checks) CodeOf(code string, whose *place.Whose) (codebook.No, error) {
	number, err := c.codes.Open(code, whose)
	if err != nil && !errors.Is(err, presale.ErrBuyer) {
		return 0, refusalOf(err, codeRefusals, codeGarbled)
	}
	return number, nil
}

func (c *Checks) checkProof(event *storage.Event, buyer section.BuyerID, proof *string) error {
	if proof == nil || *proof == "" {
		return proofRequired
	}
	if len(*proof) > proofofwork.ProofBytesMax {
		return proofGarbled
	}
	var buffer [proofofwork.ProofBytesMax]byte
	whose := proofofwork.Whose{Event: event.ID, Buyer: buyer}
	err := c.puzzles.Verify(append(buffer[:0], *proof...), &whose, c.now().UnixMilli())
	if err == nil {
		return nil
	}
	return refusalOf(err, proofRefusals, proofGarbled)
}
