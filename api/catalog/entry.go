package catalog

import (
	"holdfast/actors/section"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/roomrules"
	"holdfast/storage"
)

// Defaults and bounds of what a join must bring, part of the public API.
const (
	numberMin, numberMax     = 1000, 50_000_000 // 50 million hashes are minutes of a telephone
	rushFactor               = 16
	rushDefault              = 100
	rushMin, rushMax         = 2, 1_000_000
	lifetimeDefault          = 300
	lifetimeMin, lifetimeMax = 30, 3600

	freeDefault, freeMax     = 3, 100
	coolFactor, coolMax      = 32, 7 * 24 * 3600
	forgetDefault, forgetMax = 3600, 366 * 24 * 3600
)

// entryOf reads what a join must bring.
func entryOf(room *storage.WaitingRoom, w *wire.WaitingRoom) error {
	room.Presale = w.Presale != nil && *w.Presale
	room.Captcha = w.Captcha != nil && *w.Captcha
	if err := coolDownOf(room, w.CoolDown); err != nil {
		return err
	}
	if err := proofOfWorkOf(room, w.ProofOfWork); err != nil {
		return err
	}
	limits, err := limitsOf(w.Limits)
	room.Limits = limits
	return err
}

func coolDownOf(room *storage.WaitingRoom, w *roomrules.CoolDown) error {
	const at = "waiting_room.cool_down"
	switch {
	case w == nil || *w == roomrules.CoolDown{}:
		return nil
	case w.BaseSeconds == nil:
		return problem.BadField(at+".base_seconds", "is missing")
	}
	var free, base, longest, forget int64
	if err := (bounded{at + ".free_holds", w.FreeHolds, freeDefault, 0, freeMax}).read(&free); err != nil {
		return err
	}
	if err := (bounded{at + ".base_seconds", w.BaseSeconds, 0, 1, coolMax}).read(&base); err != nil {
		return err
	}
	most := bounded{at + ".max_seconds", w.MaxSeconds, min(base*coolFactor, coolMax), base, coolMax}
	if err := most.read(&longest); err != nil {
		return err
	}
	// one is forgotten no sooner than its wait is over
	soonest := bounded{at + ".forget_seconds", w.ForgetSeconds, max(forgetDefault, longest), longest, forgetMax}
	if err := soonest.read(&forget); err != nil {
		return err
	}
	room.CoolDown = &storage.CoolDown{Free: uint8(free), BaseMillis: section.Millis(base * 1000),
		MaxMillis: section.Millis(longest * 1000), ForgetMillis: section.Millis(forget * 1000)}
	return nil
}

func proofOfWorkOf(room *storage.WaitingRoom, w *roomrules.ProofOfWork) error {
	const at = "waiting_room.proof_of_work"
	switch {
	case w == nil || *w == roomrules.ProofOfWork{}:
		return nil
	case w.MaxNumber == nil:
		return problem.BadField(at+".max_number", "is missing")
	}
	var number, rush, joins, lifetime int64
	if err := (bounded{at + ".max_number", w.MaxNumber, 0, numberMin, numberMax}).read(&number); err != nil {
		return err
	}
	for _, b := range []struct {
		bounded
		into *int64
	}{
		{bounded{at + ".max_number_rush", w.MaxNumberRush, min(number*rushFactor, numberMax), number,
			numberMax}, &rush},
		{bounded{at + ".joins_per_second", w.JoinsPerSecond, rushDefault, rushMin, rushMax}, &joins},
		{bounded{at + ".lifetime_seconds", w.LifetimeSeconds, lifetimeDefault, lifetimeMin, lifetimeMax}, &lifetime},
	} {
		if err := b.read(b.into); err != nil {
			return err
		}
	}
	room.ProofOfWork = &storage.ProofOfWork{Number: uint32(number), RushNumber: uint32(rush),
		JoinsPerSecond: uint32(joins), LifetimeMillis: section.Millis(lifetime * 1000)}
	return nil
}

// entryAnswer shows what a join must bring, every default filled in.
func entryAnswer(answer *wire.WaitingRoom, room *storage.WaitingRoom) {
	if room.Presale {
		answer.Presale = &room.Presale
	}
	if room.Captcha {
		answer.Captcha = &room.Captcha
	}
	if l := room.Limits; l != nil {
		answer.Limits = &roomrules.Limits{Joins: LimitAnswer(l.Joins.Rate, l.Joins.Burst),
			Polls: LimitAnswer(l.Polls.Rate, l.Polls.Burst), Holds: LimitAnswer(l.Holds.Rate, l.Holds.Burst)}
	}
	if c := room.CoolDown; c != nil {
		free, base, longest := int64(c.Free), int64(c.BaseMillis)/1000, int64(c.MaxMillis)/1000
		forget := int64(c.ForgetMillis) / 1000
		answer.CoolDown = &roomrules.CoolDown{FreeHolds: &free, BaseSeconds: &base, MaxSeconds: &longest,
			ForgetSeconds: &forget}
	}
	if p := room.ProofOfWork; p != nil {
		number, rush, joins := int64(p.Number), int64(p.RushNumber), int64(p.JoinsPerSecond)
		lifetime := int64(p.LifetimeMillis) / 1000
		answer.ProofOfWork = &roomrules.ProofOfWork{MaxNumber: &number, MaxNumberRush: &rush, JoinsPerSecond: &joins,
			LifetimeSeconds: &lifetime}
	}
}
