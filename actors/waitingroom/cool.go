package waitingroom

import (
	"holdfast/actors/cooldown"
	"holdfast/actors/gate"
	"holdfast/actors/section"
)

// coolMax bounds the buyers whose abandoned holds are remembered: some 6 MB. Over it nobody new is remembered until
// others are forgotten, so that a flood of names forgives none that is known.
const coolMax = 1 << 16

// abandoned counts a hold that lapsed. Memories are of this life and of the sections that are served here: a restart
// forgives. The caller holds mu.
func (r *Room) abandoned(buyer section.BuyerID, at section.Instant) {
	if r.CoolDown == nil || buyer == (section.BuyerID{}) {
		return
	}
	was, known := r.cool[buyer]
	if !known && len(r.cool) >= coolMax {
		r.forget(at)
		if len(r.cool) >= coolMax {
			return
		}
	}
	if r.cool == nil {
		r.cool = map[section.BuyerID]cooldown.Memory{}
	}
	r.cool[buyer] = r.CoolDown.Abandoned(was, int64(at))
}

// forget drops those of whom nothing need be kept. The caller holds mu.
func (r *Room) forget(at section.Instant) {
	for buyer, memory := range r.cool {
		if r.CoolDown.At(memory, int64(at)).Zero() {
			delete(r.cool, buyer)
		}
	}
}

// Cooling is why the buyer may place no new hold at an instant; nil: the buyer may.
func (r *Room) Cooling(buyer section.BuyerID, at section.Instant) error {
	if r.CoolDown == nil {
		return nil
	}
	r.mu.RLock()
	memory, known := r.cool[buyer]
	r.mu.RUnlock()
	if !known {
		return nil
	}
	until := r.CoolDown.Until(r.CoolDown.At(memory, int64(at)))
	if until <= int64(at) {
		return nil
	}
	return &Refusal{Code: gate.CoolDown, Wait: gate.Millis(until - int64(at))}
}
