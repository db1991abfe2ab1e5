package waitingroom

import (
	"holdfast/actors/cooldown"
	"holdfast/actors/gate"
	"holdfast/actors/gate/bound"
	"holdfast/storage"
)

// SettingsOf is what an event's gate is founded with: the same for ever.
func SettingsOf(header *storage.Event) (s gate.Settings) {
	w := header.WaitingRoom
	s = gate.Settings{Event: header.ID, OpensAt: w.OpensAt, ClosesAt: w.ClosesAt, DoorsAt: w.DoorsAt, Cap: w.Cap,
		Rate: w.Rate, Presale: presaleOf(w), Session: w.SessionMillis, Turn: w.TurnMillis, Grace: w.GraceMillis,
		SaltKey: w.SaltKey, Limits: limitsOf(w.Limits)}
	if b := w.Beacon; b != nil {
		s.Rule = gate.DrawRule{Chain: b.Chain, Genesis: b.Genesis, Period: b.Period, Round: b.Round, Late: b.LateMillis}
	}
	return s
}

// CoolDownOf is how long whoever lets holds lapse waits; nil: nobody does.
func CoolDownOf(w *storage.WaitingRoom) *cooldown.Rule {
	c := w.CoolDown
	if c == nil {
		return nil
	}
	return &cooldown.Rule{Free: c.Free, Base: int64(c.BaseMillis), Max: int64(c.MaxMillis),
		Forget: int64(c.ForgetMillis)}
}

func limitsOf(l *bound.Limits) bound.Limits {
	if l == nil {
		return bound.Limits{}
	}
	return *l
}

func presaleOf(w *storage.WaitingRoom) uint32 {
	if w.Presale {
		return 1
	}
	return 0
}
