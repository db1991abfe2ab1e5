package queue

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"holdfast/actors/gate"
	"holdfast/actors/gate/beacon"
	"holdfast/actors/section"
	"holdfast/api/call"
	"holdfast/api/catalog"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// Bounds of what operators write, in bytes of UTF-8.
const (
	reasonMax    = gate.TextMax
	messageMax   = gate.TextMax
	signatureMax = 1024
)

// change is one command of a PATCH.
type change struct {
	op     Operation
	handIn bool
	round  uint64
	value  []byte
	before []byte // the round before's signature, of a chained beacon
}

// Operate changes a waiting room. Operators only. Changes are made one after the other, each with a key of its own that
// follows from the caller's: a repeat finishes what was cut short.
func (h *Handlers) Operate(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	var body waitingroom.Change
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	changes, err := changesOf(&body)
	if err != nil {
		return err
	}
	event, err := h.room(id)
	if err != nil {
		return err
	}
	r.Detailf("reason=%q", strings.ToValidUTF8(*body.Reason, "?"))
	r.Fingerprint().Body(r.Body())
	who := r.OperatorCaller()
	keyed := 0
	for i := range changes {
		c := &changes[i]
		if c.handIn {
			if err := checkRound(event.WaitingRoom, c); err != nil {
				return err
			}
			if err := h.engine.HandInDraw(id, c.round, c.before, c.value, h.cfg.Timeout); err != nil {
				return err
			}
			continue
		}
		c.op.Request, c.op.Fingerprint = requestOf(who.Request, keyed), who.Fingerprint
		keyed++
		if err := h.engine.OperateQueue(id, c.op, h.cfg.Timeout); err != nil {
			return err
		}
	}
	b, err := h.board(id)
	if err != nil {
		return err
	}
	answer := b.queue()
	overlay(answer, &body)
	overlayLimits(answer, &body, b.frame.Limits)
	return r.Encode(http.StatusOK, answer)
}

// requestOf names the i-th change of a request: the first always has the request's own name, so that the same key with
// another body meets it.
func requestOf(request section.RequestID, i int) section.RequestID {
	if i == 0 || request == (section.RequestID{}) {
		return request
	}
	sum := sha256.Sum256(append(request[:], byte(i)))
	return section.RequestID(sum[:16])
}

func changesOf(body *waitingroom.Change) (all []change, err error) {
	if err := checkReason(body.Reason); err != nil {
		return nil, err
	}
	add := func(action gate.Action, value uint32, text string) {
		all = append(all, change{op: Operation{Action: action, Value: value, Text: text, Reason: *body.Reason}})
	}
	if err := boundChanges(body, add); err != nil {
		return nil, err
	}
	if err := limitChanges(body, add); err != nil {
		return nil, err
	}
	if body.Message != nil {
		if err := checkText("message", body.Message, messageMax); err != nil {
			return nil, err
		}
		add(gate.SetMessage, 0, *body.Message)
	}
	if body.Paused != nil {
		action := gate.Resume
		if *body.Paused {
			action = gate.Pause
		}
		add(action, 0, "")
	}
	if body.Open != nil {
		if !*body.Open {
			return nil, problem.InvalidField("open", "must be true: opened doors stay open; to stop calls, pause")
		}
		add(gate.OpenDoors, 0, "")
	}
	if body.Draw != nil {
		c, err := handInOf(body.Draw)
		if err != nil {
			return nil, err
		}
		all = append([]change{c}, all...) // doors open after the draw
	}
	if len(all) == 0 {
		return nil, problem.BadField("body", "changes nothing")
	}
	return all, nil
}

// boundChanges are those of how many people are called and inside.
func boundChanges(body *waitingroom.Change, add func(gate.Action, uint32, string)) error {
	if most := body.ActiveMax; most != nil {
		if *most < 0 || *most > catalog.ActiveMaxMax {
			return problem.InvalidField("active_max", "is out of bounds: 0 to 1000000")
		}
		add(gate.SetCap, uint32(*most), "")
	}
	switch {
	case body.AdmitUnbounded != nil && !*body.AdmitUnbounded:
		return problem.InvalidField("admit_unbounded", "must be true: a bound is given as admit_per_second")
	case body.AdmitUnbounded != nil && body.AdmitPerSecond != nil:
		return problem.InvalidField("admit_unbounded", "contradicts admit_per_second")
	case body.AdmitUnbounded != nil:
		add(gate.SetRate, 0, "")
	case body.AdmitPerSecond != nil:
		rate, err := catalog.RateOf("admit_per_second", *body.AdmitPerSecond)
		if err != nil {
			return err
		}
		add(gate.SetRate, rate, "")
	}
	return nil
}

func handInOf(d *waitingroom.HandIn) (c change, err error) {
	c.handIn = true
	if d.Round != nil {
		if *d.Round < 0 {
			return c, problem.InvalidField("draw.round", "must not be negative")
		}
		c.round = uint64(*d.Round)
	}
	if d.Signature == nil || *d.Signature == "" {
		return c, problem.BadField("draw.signature", "is missing")
	}
	if c.value, err = hex.DecodeString(*d.Signature); err != nil || len(c.value) > signatureMax {
		return c, problem.InvalidField("draw.signature", "must be at most 1024 bytes in hexadecimal digits")
	}
	if d.Previous != nil {
		if c.before, err = hex.DecodeString(*d.Previous); err != nil || len(c.before) > signatureMax {
			return c, problem.InvalidField("draw.previous_signature", "must be at most 1024 bytes in hexadecimal "+
				"digits")
		}
	}
	return c, nil
}

// checkRound holds a round against the chain's key, where the key is known: a signature that is not the round's would
// seed a draw that nobody can verify. A chain that is not known here is left to draw verify and the audit.
func checkRound(room *storage.WaitingRoom, c *change) error {
	if room.Beacon == nil {
		return nil
	}
	chain, known := beacon.Known(room.Beacon.Chain)
	if !known {
		return nil
	}
	switch err := chain.Verify(c.round, c.before, c.value); {
	case errors.Is(err, beacon.ErrPrevious):
		return problem.BadField("draw.previous_signature", "is missing: rounds of this chain are signed with the one "+
			"before")
	case err != nil:
		return problem.InvalidField("draw.signature", "is not that of the round, by the beacon's public key")
	}
	return nil
}

// checkReason: whoever operates says why.
func checkReason(reason *string) error {
	if err := checkText("reason", reason, reasonMax); err != nil {
		return err
	}
	if reason == nil || strings.TrimSpace(*reason) == "" {
		return problem.BadField("reason", "is missing: it is logged")
	}
	return nil
}

func checkText(field string, text *string, most int) error {
	if text == nil {
		return nil
	}
	if len(*text) > most {
		return problem.InvalidField(field, "is too long")
	}
	for _, c := range *text {
		if c < ' ' && c != '\n' || c == 0x7f {
			return problem.InvalidField(field, "has a control character")
		}
	}
	return nil
}

// overlay shows what was changed just now: the frame is up to a second older.
func overlay(answer *waitingroom.Room, body *waitingroom.Change) {
	if body.ActiveMax != nil {
		answer.ActiveMax = uint32(*body.ActiveMax)
	}
	if body.AdmitPerSecond != nil {
		answer.AdmitPerSecond = body.AdmitPerSecond
	}
	if body.AdmitUnbounded != nil {
		answer.AdmitPerSecond = nil
	}
	if body.Message != nil {
		answer.Message = *body.Message
	}
	if body.Paused != nil && *body.Paused && answer.Phase != phaseSoldOut {
		answer.Phase = phasePaused
	}
}
