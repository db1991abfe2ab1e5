package gate

import (
	"slices"

	"holdfast/actors/gate/draw"
)

// apply makes a change true, as far as counters and sessions go. It panics on a change that cannot be.
func (b *board) apply(c *Change, e *Effects) {
	require(c.At >= b.lastAt, "time goes back")
	require(b.phase != Unfounded || c.Kind == Founded, "a gate without settings")
	if c.Kind == Outage {
		b.clock.at = c.At
	} else {
		b.tick(c.At)
	}
	b.lastAt = c.At
	e.frame(c.Kind)
	if c.Kind != Joined && c.Kind != LeftQueue {
		b.changed = b.seq
	}
	switch c.Kind {
	case Founded, LobbyClosed, LotsDrawn, DoorsOpened:
		b.applyPhase(c)
	case Joined:
		n := uint32(len(c.Entrants))
		b.joined, b.counts[Waiting] = b.joined+n, b.counts[Waiting]+n
		b.overtake = max(b.overtake, Millis(c.At-c.Oldest))
		e.joined(n)
	case Stocked:
		b.stockNo++
		sections := append(b.stock.Sections[:0], c.Stock.Sections...)
		b.stock = c.Stock
		b.stock.Sections = sections
	case SessionEnding, SessionsLapse, SlotsFreed:
		b.applySessions(c, e)
	case Operated:
		b.applyOperated(c)
	case Outage, CodesMinted, CodesRevoked: // codes are the owner's
	default:
		b.applyQueue(c, e)
	}
}

func (b *board) applyPhase(c *Change) {
	switch c.Kind {
	case Founded:
		require(b.phase == Unfounded && c.Settings.Reject() == Accepted, "settings")
		b.set, b.cap, b.rate, b.limits = c.Settings, c.Settings.Cap, c.Settings.Rate, c.Settings.Limits
		if b.phase = Drawn; b.set.ClosesAt != 0 {
			b.phase = Lobby
		}
	case LobbyClosed:
		require(b.phase == Lobby && c.At >= b.set.ClosesAt && c.Count == b.joined, "the close of a lobby")
		require(c.Round == b.set.Rule.RoundAfter(c.At), "another round than the rule gives")
		b.phase, b.closedAt, b.entrants, b.root, b.round = Closed, c.At, c.Count, c.Root, c.Round
	case LotsDrawn:
		require(b.phase == Closed && c.Seed == draw.Seed(b.set.Event, b.entrants, b.root, c.Signature), "a draw")
		b.phase, b.signature, b.seed = Drawn, slices.Clone(c.Signature), c.Seed
		b.previous = append([]byte(nil), c.Previous...)
		b.order = draw.NewPermutation(b.seed, b.entrants)
	case DoorsOpened:
		require(b.phase == Drawn, "doors that open before the draw")
		b.phase = Open
	default:
		*b.limits.Number(int(c.Action - SetJoinRate)) = c.Value
	}
}

func (b *board) applyQueue(c *Change, e *Effects) {
	if c.Kind == LeftQueue {
		require(c.From != Inside, "a place left from inside")
		b.move(c.From, Left, 1)
		return
	}
	switch c.Kind {
	case CalledUp:
		require(b.serving() && c.Upto >= b.called && uint32(c.Upto) <= b.joined, "a call")
		require(c.People == 0 || c.Cites == b.stockNo && !b.soldOut(), "a call without the stock that it cites")
		b.move(Waiting, Called, c.People)
		b.called = c.Upto
		b.spend(c.People, c.At)
	case CameEarly:
		require(c.From == Called || c.From == Late, "who came was not called")
		b.move(c.From, Present, 1)
		b.showed(1, 0)
	case SlotsOffered:
		require(b.serving() && c.People <= b.free(), "a slot offered that is not free")
		b.move(Present, Offered, c.People)
	case Admitted:
		b.admit(c, e)
	case TurnsLapsed:
		b.lapse(c)
	case GraceEnded:
		b.move(Late, Lapsed, c.People)
	default:
		impossible("kind %d", c.Kind)
	}
}

func (b *board) admit(c *Change, e *Effects) {
	require(b.serving() && b.sessions.occupied < b.cap, "an admission over the cap")
	require(c.From == Called || c.From == Late || c.From == Offered, "who is admitted was not called")
	require(c.Until == c.At+Instant(b.set.Session), "the end of a session")
	b.move(c.From, Inside, 1)
	if c.From != Offered {
		b.showed(1, 0)
	}
	b.sessions.begin(c.Session, c.Number, c.Until)
	e.admitted(Admission{c.Session, c.Number, c.Until})
}

func (b *board) lapse(c *Change) {
	to := Late
	if b.set.Grace == 0 {
		to = Lapsed
	}
	require(c.OffersGone <= c.Offers && (to == Late || c.OffersGone == c.Offers), "lapses")
	b.move(Called, to, c.People)
	b.showed(0, c.People)
	b.move(Offered, Lapsed, c.OffersGone)
	b.move(Offered, Late, c.Offers-c.OffersGone)
}

// endSession ends one. Whoever left may have been one of those who held seats: until the next stock, nobody else is
// taken to hold any in their stead.
func (b *board) endSession(no SessionNo, reason EndReason, e *Effects) {
	b.sessions.end(no, reason, b.seq)
	b.move(Inside, Finished, 1)
	b.stock.Holding -= min(b.stock.Holding, 1)
	e.ended(no)
}

func (b *board) applySessions(c *Change, e *Effects) {
	switch c.Kind {
	case SessionEnding:
		b.endSession(c.Session, c.Reason, e)
	case SessionsLapse:
		for range c.People {
			until, ok := b.sessions.lapse()
			require(ok && until <= c.At, "a session that lapses before its time")
			b.endSession(b.sessions.first+SessionNo(b.sessions.lapsing), EndedExpired, e)
		}
	case SlotsFreed:
		for _, no := range c.Sessions {
			b.sessions.free(no, c.Acks)
		}
		b.sessions.dropFreed()
	}
}

func (b *board) applyOperated(c *Change) {
	switch c.Action {
	case SetCap:
		b.cap = c.Value
		back := b.backs()
		b.move(Offered, Present, back)
	case SetRate:
		b.rate = c.Value
	case Pause, Resume:
		b.paused = c.Action == Pause
	case SetMessage:
		b.message = c.Text
	case OpenDoors:
		require(b.phase == Drawn, "doors that open before the draw")
		b.phase = Open
	default:
		*b.limits.Number(int(c.Action - SetJoinRate)) = c.Value
	}
}
