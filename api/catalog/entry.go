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
)

// entryOf reads what a join must bring.
func entryOf(room *storage.WaitingRoom, w *wire.WaitingRoom) error {
	room.Presale = w.Presale != nil && *w.Presale
	return proofOfWorkOf(room, w.ProofOfWork)
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
	if p := room.ProofOfWork; p != nil {
		number, rush, joins := int64(p.Number), int64(p.RushNumber), int64(p.JoinsPerSecond)
		lifetime := int64(p.LifetimeMillis) / 1000
		answer.ProofOfWork = &roomrules.ProofOfWork{MaxNumber: &number, MaxNumberRush: &rush, JoinsPerSecond: &joins,
			LifetimeSeconds: &lifetime}
	}
}
