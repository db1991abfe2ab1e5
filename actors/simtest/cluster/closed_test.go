package cluster_test

import (
	"math/rand/v2"
	"time"

	"holdfast/actors"
	"holdfast/actors/codec"
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/storage"
)

const (
	// closedPercent is how many worlds with coordinators have a section whose part of the store goes away in the chaos,
	// and closedInPeacePercent how many have one at their end.
	closedPercent, closedInPeacePercent = 40, 30
	// closedBound is how long it may take until coordinators do without a section that stays closed, and until they are
	// had by others after a death.
	closedBound = 7 * time.Second
)

// absence is a part of the store that is away: nobody can read or write one section's log. Some of what was sent to it
// is done once it is back.
type absence struct {
	w        *world
	chance   *rand.Rand // of its own: worlds without coordinators are what they were
	section  int
	away     bool
	late     []func()
	excluded [2]map[uint32]bool // by coordinator, as its log says
}

func newAbsence(w *world, seed uint64) *absence {
	c := &absence{w: w, chance: rand.New(rand.NewPCG(seed, 0xc105ed))}
	for i := range c.excluded {
		c.excluded[i] = map[uint32]bool{}
	}
	return c
}

// is says that nobody can reach the log.
func (c *absence) is(key storage.SectionKey) bool {
	return c.away && key == c.w.key(c.section)
}

// close has a section's log go away.
func (c *absence) close(why string) {
	if c.away {
		return
	}
	c.section, c.away = c.chance.IntN(c.w.sections), true
	c.w.stirs++
	c.w.tally["closed: "+why]++
	c.w.note(nil, "the log of section %d is away", c.section)
}

// open has it come back, and with it what was sent and is not lost.
func (c *absence) open() {
	if !c.away {
		return
	}
	c.away = false
	c.w.stirs++
	c.w.note(nil, "the log of section %d is back, with %d sendings", c.section, len(c.late))
	for _, do := range c.late {
		c.w.at(c.w.between(0, 200*time.Millisecond), nil, "late append", do)
	}
	c.late = nil
}

// come closes a section for a while in the chaos, and says how much longer that is to last.
func (c *absence) come() (longer time.Duration) {
	if c.w.plan.header.Coordinators == 0 || c.chance.IntN(100) >= closedPercent {
		return 0
	}
	begin := time.Duration(c.chance.Int64N(int64(2 * time.Second)))
	last := 500*time.Millisecond + time.Duration(c.chance.Int64N(int64(9*time.Second)))
	c.w.at(begin, nil, "away", func() {
		if !c.w.calm {
			c.close("in the chaos")
			c.w.at(last, nil, "back", c.open)
		}
	})
	return last
}

// commit is the store's side of appends of which some are to a log that is away: those are refused, or nobody hears of
// them, and some of these come to the log once it is back.
func (c *absence) commit(appends []storage.Append, commit func([]storage.Append) []error) []error {
	errs := make([]error, len(appends))
	var there []storage.Append
	var at []int
	for i, a := range appends {
		if !c.is(a.Section) {
			there, at = append(there, a), append(at, i)
			continue
		}
		switch dice := c.chance.IntN(100); {
		case dice < 50:
			errs[i] = storage.ErrUnavailable
		case dice < 75:
			c.late = append(c.late, func() { commit([]storage.Append{a}) })
			fallthrough
		default:
			errs[i] = storage.ErrUnknown
		}
	}
	if len(there) > 0 {
		for i, err := range commit(there) {
			errs[at[i]] = err
		}
	}
	return errs
}

// noted hears of a record of a coordinator's log that says what it does without.
func (c *absence) noted(coordinator int, e *storage.Entry) {
	for r := (codec.Reader{Src: e.Body}); len(r.Src) > 0; {
		x := grant.ReadExclusion(&r, e.At)
		switch {
		case r.Err != nil:
			c.w.failf("coordinator %d's log has a record that cannot be read: %w", coordinator, r.Err)
			return
		case x.Readmitted:
			delete(c.excluded[coordinator], x.Section)
			c.w.tally["closed: readmitted"]++
		case x.Last:
			c.excluded[coordinator][x.Section] = true
			c.w.tally["closed: excluded"]++
			for i := range x.Shares {
				if x.Shares[i].Request != [16]byte{} {
					c.w.tally["closed: excluded with a grant on its way"]++
				}
			}
		}
		if c.away && x.Last && int(x.Section) != c.section {
			c.w.tally["closed: excluded, and only another section's log is away"]++
		}
	}
}

// inPeace is the end of some worlds: while nothing else goes wrong a section's log goes away. The others sell on, also
// once a node has died and its coordinators are another's; and it is all as it should be once the log is back.
func (c *absence) inPeace() {
	w := c.w
	if w.plan.header.Coordinators == 0 || c.chance.IntN(100) >= closedInPeacePercent {
		return
	}
	c.close("in peace")
	w.until(w.now + closedBound)
	c.sellOn()
	live := w.living()
	if victim := live[c.chance.IntN(len(live))]; len(live) > 1 {
		spot := victim.spot
		w.crash(victim, "killed beside a closed section")
		w.at(w.between(3*time.Second, 9*time.Second), nil, "restart", func() {
			if spot.host == nil {
				w.start(spot)
			}
		})
		w.until(w.now + closedBound)
		c.sellOn()
		w.until(w.now + closedBound)
		c.sellOn()
	}
	c.open()
	if w.failure == nil {
		w.rest()
	}
}

// sellOn wants a seat, or a plain no, of every other section for every buyer, at every node.
func (c *absence) sellOn() {
	w := c.w
	for i := range w.plan.header.Coordinators {
		if !c.excluded[i][uint32(c.section)] { // it had no epoch when the log went away, for nobody had asked
			w.tally["closed: before the coordinator had an epoch"]++
			return
		}
	}
	for _, h := range w.living() {
		if !h.opened {
			continue
		}
		for buyer := range byte(buyerCount) {
			no := (c.section + 1 + c.chance.IntN(w.sections-1)) % w.sections
			h.thread("buyer beside a closed section", func() {
				var out actors.BookingView
				err := h.e.Book(&actors.BookCall{
					Event: w.plan.header.ID, Caller: actors.Caller{Buyer: section.BuyerID{1 + buyer}},
					Best: actors.BestAvailable{Quantity: 1, Section: string(rune('A' + no))},
				}, 2*time.Second, &out)
				switch verdict := verdictOf(err); verdict {
				case "unavailable", "moved", "timeout":
					w.failf("liveness: section %d is closed, and section %d is %s for buyer %d on n%d", c.section, no,
						verdict, 1+buyer, h.number)
				default:
					w.tally["closed: the others sell on"]++
				}
			})
		}
	}
	w.until(w.now + 3*time.Second)
}

// errAway is what readers of a log that is away hear.
func (s *lossyStore) errAway(key storage.SectionKey) error {
	if s.h.foreign || !s.h.w.closed.is(key) {
		return nil
	}
	s.h.wait(s.h.w.time().Add(s.h.w.between(time.Millisecond, 20*time.Millisecond)), nil)
	return storage.ErrUnavailable
}
