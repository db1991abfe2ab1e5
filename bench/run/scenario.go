package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/lab"
	"holdfast/bench/load"
	"holdfast/bench/report"
)

// Scenario is a load with a name. What its buyers do, and why that is an honest question, is told in package buyers.
type Scenario struct {
	Name  string
	About string
	Venue lab.Venue
	// Events is how many events are on sale at once.
	Events  int
	HoldTTL time.Duration
	// waves: each event's holds last a second less than the one's before, the last one's HoldTTL; see expiry.
	waves bool
	// Load is how it is driven unless told otherwise.
	Load Drive
	// Nothing says that a server that does nothing can stand beside it: its buyers need no answer that means anything.
	Nothing bool
	// WaitingRoom, if set, is in front of every event: buyers join, wait, and are let in before they do anything else.
	WaitingRoom *lab.WaitingRoom
	// Sidecar, if set, is what goes on beside a round's load.
	Sidecar Sidecar
}

// Sidecar begins before a round's load; what it returns is called at the load's end, and gives figures of its own.
type Sidecar func(ctx context.Context, r *Round) (end func() ([]report.Figure, error), err error)

// Drive is how a load is driven.
type Drive struct {
	Conns    int
	Rate     load.Rate     // 0: closed loop
	Burst    uint64        // so many at the doors, before the rate
	Ramp     time.Duration // the rate is reached evenly within it, from nothing
	Duration time.Duration // of the arrivals of a round; 0: until the scenario's buyers say that it is over
	Count    uint64        // of arrivals; 0: Duration alone
	Patience time.Duration // for those inside when the arrivals end
}

func (d *Drive) pace() *load.Pace {
	if d.Rate == 0 && d.Burst == 0 {
		return nil
	}
	pace := load.Pace{Burst: d.Burst, From: d.Rate, To: d.Rate, Ramp: d.Ramp}
	if d.Ramp > 0 {
		pace.From = 0
	}
	return &pace
}

// Numbers of the scenarios' events. stampede's and steady's is as large as an event may be: no seat of a round is
// anybody else's.
var (
	Stadium   = lab.UniformVenue(64, 125, 25) // 200,000 seats
	midVenue  = lab.UniformVenue(40, 25, 20)  // 20,000 seats: what an evening sells
	eraShow   = lab.UniformVenue(60, 22, 35)  // 46,200 seats; 52 of them are 2,402,400
	demoVenue = lab.UniformVenue(64, 25, 25)  // 40,000 seats: the demo's
)

// waitingRoom is what scenarios have in front of them with Doors, unless they say otherwise.
var waitingRoom = lab.WaitingRoom{ActiveMax: 1000, Session: 2 * time.Minute, Turn: 15 * time.Second,
	Grace: 5 * time.Second}

// Queued puts a waiting room in front of a scenario that has none. A closed loop becomes an open one: who waits has no
// connection, so each free one would let somebody more join, without end.
func (s *Scenario) Queued() {
	if s.WaitingRoom == nil {
		room := waitingRoom
		s.WaitingRoom, s.Sidecar = &room, queueSidecar(s.Sidecar)
		s.Nothing = false
	}
	if s.Load.Rate == 0 {
		s.Load.Rate = queuedRate
	}
}

// queuedRate is how many join a second before a scenario that has no rate of its own: a tenth of what a server takes.
const queuedRate load.Rate = 1000

// eraShows is how many shows the eras tour had.
const eraShows = 52

// endless is longer than any load that ends by itself.
const endless = 2 * time.Hour

var scenarios = []Scenario{
	{
		Name: "steady", Venue: Stadium, Events: 1, HoldTTL: 10 * time.Minute, Nothing: true,
		About: "A constant rate of buyers, below what the server can carry, through the whole life of a booking: " +
			"hold, pay, give back. It asks what each call takes when nothing is scarce.",
		Load: Drive{Conns: 256, Rate: 2000, Duration: 5 * time.Second},
	},
	{
		Name: "stampede", Venue: Stadium, Events: 1, HoldTTL: 10 * time.Minute, Nothing: true,
		About: "Everybody wants the front rows of 5 % of the sections in the same second; refused, they take the " +
			"best that is left there, then anything. " +
			"It is an on-sale's first minute, and the worst case for one writer a section: as fast as the server " +
			"answers.",
		Load: Drive{Conns: 256, Duration: 5 * time.Second},
	},
	{
		Name: "single", Venue: Stadium, Events: 1, HoldTTL: 10 * time.Minute, Nothing: true,
		About: "Every buyer names one seat that nobody else wants, as fast as the server answers: what a granted " +
			"hold costs, and nothing about luck. No peer has to choose seats here.",
		Load: Drive{Conns: 256, Duration: 4 * time.Second, Count: 200_000},
	},
	{
		Name: "contested", Venue: Stadium, Events: 1, HoldTTL: 10 * time.Minute, Nothing: true,
		About: "Everybody names the same seat of a section, as fast as the server answers: what a refusal costs.",
		Load:  Drive{Conns: 256, Duration: 4 * time.Second},
	},
	{
		Name: "onsale", Venue: midVenue, Events: 1, HoldTTL: 10 * time.Second,
		About: "The doors open: a burst and then a stream of people who look at the live map, choose, think, pay or " +
			"go; parties as in real listings. It is the whole evening in small.",
		Load: Drive{Conns: 512, Burst: 2000, Rate: 1000, Duration: 10 * time.Second, Patience: 15 * time.Second},
	},
	{
		Name: "browse", Venue: midVenue, Events: 1, HoldTTL: time.Minute, Sidecar: watchersSidecar,
		About: "Nine of ten come to look, one buys, and hundreds follow the live map: reads must be cheap and fresh " +
			"while the house sells, and take nothing from those who book.",
		Load: Drive{Conns: 256, Rate: 3000, Duration: 5 * time.Second},
	},
	{
		Name: "expiry", Venue: midVenue, Events: 10, HoldTTL: 5 * time.Second, waves: true,
		About: "Ten waves of abandoned holds that all lapse in the same second, and people who wait for just these " +
			"seats: how soon after a hold's end is its seat for sale again, and what do others feel meanwhile?",
		Load: Drive{Conns: 256, Rate: 5000, Duration: 10 * time.Second, Patience: 30 * time.Second},
	},
	{
		Name: "bots", Venue: midVenue, Events: 1, HoldTTL: 3 * time.Second,
		About: "Three of ten arrivals are scripts that hold all they may and let it lapse, again and again. It asks " +
			"how many people still go home with tickets.",
		Load: Drive{Conns: 512, Rate: 1000, Duration: 10 * time.Second, Patience: 30 * time.Second},
	},
	{
		Name: "eras", Venue: eraShow, Events: eraShows, HoldTTL: 10 * time.Minute,
		About: "52 stadium shows on sale at once until the last of 2,402,400 tickets is paid, each buyer losing a " +
			"wish for the front rows first. It asks for a whole sale without a pause.",
		Load: Drive{Conns: 512, Duration: endless, Patience: time.Minute},
	},
	{
		Name: "doors", Venue: demoVenue, Events: 1, HoldTTL: time.Minute, WaitingRoom: &waitingRoom,
		Sidecar: queueSidecar(nil),
		About: "A crowd before a waiting room without a lobby: people join, ask where they stand as often as they " +
			"are asked to, take their turn or do not come, buy or give back, and leave; the rest is told that " +
			"nothing is left. It asks whether everybody is served in order, or told why not.",
		Load: Drive{Conns: 512, Rate: 5000, Duration: endless, Count: 100_000, Patience: 5 * time.Minute},
	},
	{
		Name: "failover", Venue: Stadium, Events: 1, HoldTTL: 10 * time.Minute, Sidecar: crashSidecar,
		About: "A steady sale whose server is killed with -9 in the middle and started again: it asks what buyers " +
			"feel, and whether anything acknowledged is lost.",
		Load: Drive{Conns: 256, Rate: 2000, Duration: 10 * time.Second, Patience: 30 * time.Second},
	},
}

// Scenarios lists them in the order in which they are told.
func Scenarios() []Scenario { return slices.Clone(scenarios) }

// FindScenario finds one by its name.
func FindScenario(name string) (Scenario, error) {
	i := slices.IndexFunc(scenarios, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, fmt.Errorf("run: there is no scenario %q", name)
	}
	return scenarios[i], nil
}

// terms of event i.
func (s *Scenario) terms(i int) lab.Terms {
	ttl := s.HoldTTL
	if s.waves {
		ttl += time.Duration(s.Events-1-i) * time.Second
	}
	return lab.Terms{HoldTTL: ttl, SeatsPerHold: 8, WaitingRoom: s.WaitingRoom}
}

// job is the script's part of a round.
func (s *Scenario) job(c *Config) buyers.Job {
	habits := c.Habits
	habits.HoldTTL = s.HoldTTL
	habits.Wave = max(uint64(float64(s.Load.Rate)*s.Load.Duration.Seconds())/uint64(s.Events), 1)
	return buyers.Job{Scenario: s.Name, Seed: c.Seed, Habits: habits, WaitingRoom: s.WaitingRoom != nil}
}
