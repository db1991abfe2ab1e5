package catalog

import (
	"encoding/hex"
	"math"
	"time"

	"holdfast/actors/section"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Defaults and bounds of a waiting room, part of the public API. Times in seconds.
const (
	// ActiveMaxMax bounds the people inside.
	ActiveMaxMax   = 1_000_000
	sessionDefault = 600
	turnDefault    = 120
	graceDefault   = 60
	spanMax        = 24 * 3600 // of a session, a turn and a grace window
	spanMin        = 10        // of a session and a turn: a telephone must be found in it
	periodMax      = 24 * 3600 // of a beacon
	// DrawLateSeconds is the least time between the lobby's end and the round that seeds its draw: the round must not
	// be known by anybody while joins are still taken.
	DrawLateSeconds = 30
	// AdmitMin and AdmitMax bound the calls in a second.
	AdmitMin, AdmitMax = 0.001, 100_000
)

// isWaitingRoom says whether an optional room says anything: an absent one and {} do not.
func isWaitingRoom(w *wire.WaitingRoom) bool { return w != nil && *w != wire.WaitingRoom{} }

// waitingRoomOf judges a room. sale ends at saleEnds.
func waitingRoomOf(w *wire.WaitingRoom, saleEnds section.Instant) (*storage.WaitingRoom, error) {
	room := &storage.WaitingRoom{}
	if err := roomTimes(room, w, saleEnds); err != nil {
		return nil, err
	}
	if w.ActiveMax == nil {
		return nil, problem.BadField("waiting_room.active_max", "is missing")
	}
	var most, session, turn, grace int64
	for _, b := range []struct {
		bounded
		into *int64
	}{
		{bounded{"waiting_room.active_max", w.ActiveMax, 0, 1, ActiveMaxMax}, &most},
		{bounded{"waiting_room.session_seconds", w.SessionSeconds, sessionDefault, spanMin, spanMax}, &session},
		{bounded{"waiting_room.turn_seconds", w.TurnSeconds, turnDefault, spanMin, spanMax}, &turn},
		{bounded{"waiting_room.grace_seconds", w.GraceSeconds, graceDefault, 0, spanMax}, &grace},
	} {
		if err := b.read(b.into); err != nil {
			return nil, err
		}
	}
	room.Cap = uint32(most)
	room.SessionMillis, room.TurnMillis = section.Millis(session*1000), section.Millis(turn*1000)
	room.GraceMillis = section.Millis(grace * 1000)
	if w.AdmitPerSecond != nil {
		rate, err := RateOf("waiting_room.admit_per_second", *w.AdmitPerSecond)
		if err != nil {
			return nil, err
		}
		room.Rate = rate
	}
	if err := beaconOf(room, w.Draw); err != nil {
		return nil, err
	}
	return room, entryOf(room, w)
}

// RateOf is calls in 1000 seconds. A rate of zero is refused: it reads as "no calls" to one and as "no bound" to
// another.
func RateOf(field string, perSecond float64) (uint32, error) {
	if !(perSecond >= AdmitMin && perSecond <= AdmitMax) {
		return 0, problem.InvalidField(field, "is out of bounds: 0.001 to 100000; without a bound: leave it out, to "+
			"stop calls: pause")
	}
	return uint32(math.Round(perSecond * 1000)), nil
}

// roomTimes reads when joins begin, when the lobby ends, and when the doors open.
func roomTimes(room *storage.WaitingRoom, w *wire.WaitingRoom, saleEnds section.Instant) error {
	if w.OpensAt == nil {
		return problem.BadField("waiting_room.opens_at", "is missing")
	}
	room.OpensAt = section.Instant(w.OpensAt.Time)
	room.DoorsAt = room.OpensAt
	if w.ClosesAt != nil {
		room.ClosesAt = section.Instant(w.ClosesAt.Time)
		room.DoorsAt = room.ClosesAt
		if room.ClosesAt <= room.OpensAt {
			return problem.InvalidField("waiting_room.closes_at", "must be after opens_at")
		}
	}
	if w.DoorsAt != nil {
		if opens := section.Instant(w.DoorsAt.Time); opens < room.DoorsAt {
			return problem.InvalidField("waiting_room.doors_at", "must not be before opens_at or closes_at")
		}
		room.DoorsAt = section.Instant(w.DoorsAt.Time)
	}
	if saleEnds != 0 && room.DoorsAt >= saleEnds {
		field := "waiting_room.opens_at"
		if w.ClosesAt != nil {
			field = "waiting_room.closes_at"
		}
		if w.DoorsAt != nil {
			field = "waiting_room.doors_at"
		}
		return problem.InvalidField(field, "opens the doors when the sale has ended")
	}
	return nil
}

// beaconOf reads the rule of a draw. The planned round is published late enough after the lobby's end, or refused.
func beaconOf(room *storage.WaitingRoom, rule *wire.DrawRule) error {
	const at = "waiting_room.draw"
	switch {
	case rule == nil || *rule == wire.DrawRule{}:
		return nil
	case room.ClosesAt == 0:
		return problem.InvalidField(at, "needs closes_at: without a lobby nothing is drawn")
	case rule.Independent != nil:
		return problem.BadField(at+".independent", "is told, not asked for: give chain, genesis and period_seconds")
	case rule.Chain == nil:
		return problem.BadField(at+".chain", "is missing")
	case rule.Genesis == nil:
		return problem.BadField(at+".genesis", "is missing")
	case rule.PeriodSeconds == nil:
		return problem.BadField(at+".period_seconds", "is missing")
	}
	b := &storage.DrawBeacon{Genesis: section.Instant(rule.Genesis.Time), LateMillis: DrawLateSeconds * 1000}
	if b.Chain.UnmarshalText([]byte(*rule.Chain)) != nil || b.Chain == (storage.Bytes32{}) {
		return problem.InvalidField(at+".chain", "must be 64 hexadecimal digits")
	}
	var period int64
	if err := (bounded{at + ".period_seconds", rule.PeriodSeconds, 0, 1, periodMax}).read(&period); err != nil {
		return err
	}
	b.Period = section.Millis(period * 1000)
	earliest := room.ClosesAt + DrawLateSeconds*1000
	if b.Genesis < 0 || b.Genesis > earliest {
		return problem.InvalidField(at+".genesis", "must be before the draw")
	}
	first := int64(earliest-b.Genesis+section.Instant(b.Period)-1)/int64(b.Period) + 1
	var round int64
	if err := (bounded{at + ".round", rule.Round, first, 1, math.MaxInt32 * 1000}).read(&round); err != nil {
		return err
	}
	if round < first {
		return problem.InvalidField(at+".round", "is published less than 30 s after closes_at")
	}
	b.Round, room.Beacon = uint64(round), b
	return nil
}

// waitingRoomAnswer shows a room by the venue's clock, every default filled in.
func waitingRoomAnswer(room *storage.WaitingRoom, zone *time.Location) *wire.WaitingRoom {
	if room == nil {
		return nil
	}
	time := func(at section.Instant) *wire.OffsetTime { t := call.TimeIn(zone, at); return &t }
	seconds := func(m section.Millis) *int64 { s := int64(m) / 1000; return &s }
	most := int64(room.Cap)
	answer := &wire.WaitingRoom{OpensAt: time(room.OpensAt), DoorsAt: time(room.DoorsAt), ActiveMax: &most,
		SessionSeconds: seconds(room.SessionMillis), TurnSeconds: seconds(room.TurnMillis),
		GraceSeconds: seconds(room.GraceMillis)}
	if room.Rate > 0 {
		rate := float64(room.Rate) / 1000
		answer.AdmitPerSecond = &rate
	}
	if room.ClosesAt != 0 {
		answer.ClosesAt = time(room.ClosesAt)
		answer.Draw = DrawRuleAnswer(room.Beacon, zone)
	}
	entryAnswer(answer, room)
	return answer
}

// DrawRuleAnswer shows the rule of a lobby's draw.
func DrawRuleAnswer(b *storage.DrawBeacon, zone *time.Location) *wire.DrawRule {
	independent := b != nil
	rule := &wire.DrawRule{Independent: &independent}
	if b == nil {
		return rule
	}
	chain, genesis := hex.EncodeToString(b.Chain[:]), call.TimeIn(zone, b.Genesis)
	period, round := int64(b.Period)/1000, int64(b.Round)
	rule.Chain, rule.Genesis, rule.PeriodSeconds, rule.Round = &chain, &genesis, &period, &round
	return rule
}
