package actors

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors/coordinator"
	"holdfast/actors/fares"
	"holdfast/actors/placement"
	"holdfast/actors/price"
	"holdfast/actors/rebalancer"
	"holdfast/actors/replica"
	"holdfast/actors/request"
	"holdfast/actors/seatmap"
	"holdfast/actors/section"
	"holdfast/actors/section/exchange"
	"holdfast/actors/section/tariff"
	"holdfast/actors/shard"
	"holdfast/actors/waitingroom"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// RebalanceEvery is the time after which the rebalancer is due, although nothing has woken it.
const RebalanceEvery = rebalancer.Every

// Stepped is an engine without goroutines: its owner decides what runs when. It is the engine that Open makes, of the
// same parts by the same code, except for the loops: where those of Open wait for work and do it, the owner asks
// whether there is work, and does it.
//
//	Open's loop                      a step
//	a lane of the Committer          NextCommit
//	a saver of snapshots             SnapshotsWait, SaveSnapshot
//	the rebalancer's run             RebalanceDue, RebalanceRound
//	the look at the catalog          CatalogRound
//	an event's opening               Opening
//	Close, for each section          Drains
//	the link's goroutine             Engine.PeerUp, Received, PeerDown
//
// All else that takes time goes through shard.Runtime: a simulator that runs threads there in turn, and
// mailboxes by a dispatcher, has the whole engine in one goroutine. Everything here is called by that goroutine, and
// whatever may wait, by one of its threads. Nobody settles payments: the reconciler's loop is not stepped.
//
// A Stepped is not closed: whoever drops it has killed the process.
type Stepped struct{ *Engine }

// OpenStepped is Open without loops: it reads the catalog, and opens no event. newMap makes the map of an event, of
// sections with so many seats: seatmap.New, or one that keeps fewer deltas.
func OpenStepped(
	ctx context.Context, cfg Config, on shard.Surroundings, newMap func(seats []uint32) *seatmap.Map,
) (*Stepped, error) {
	codes, err := cfg.prepare(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Peers == nil {
		return nil, errors.New("actors: a Stepped needs Peers")
	}
	e := assemble(cfg, codes, on, 0)
	e.newMap = newMap
	if err := e.readCatalog(ctx); err != nil {
		return nil, err
	}
	return &Stepped{e}, nil
}

// Opening begins to open an event, as its first request would; whoever asks for the event from here on waits for the
// end. The caller runs the work, which may wait; nil: the event is open, or being opened. Errors of the work: the
// store's, and those of a damaged plan.
func (s *Stepped) Opening(id storage.EventID) (work func() error, err error) {
	ev, err := s.event(id)
	if err != nil {
		return nil, err
	}
	var open func()
	attempt := ev.beginOpening(func(work func()) bool { open = work; return true })
	if open == nil {
		return nil, attempt.err
	}
	return func() error {
		open()
		s.sayReady()
		return attempt.err
	}, nil
}

// NextCommit takes what one lane of the committer would write next, as a function that writes it, which waits for the
// store, and tells the sections; nil: nothing is to be written.
func (s *Stepped) NextCommit() (write func()) { return s.committer.Take() }

// SnapshotsWait says that snapshots are to be saved.
func (s *Stepped) SnapshotsWait() bool { return s.snapshots.Waits() }

// SaveSnapshot saves a section's snapshot if one is to be saved, and waits for the store.
func (s *Stepped) SaveSnapshot(key storage.SectionKey) {
	if snap, waits := s.snapshots.Take(key); waits {
		s.snapshots.Keep(key, snap)
	}
}

// RebalanceDue says that something has happened after which the rebalancer looks at its sections. It also does every
// RebalanceEvery.
func (s *Stepped) RebalanceDue() bool { return s.rebalancer.Woken() }

// RebalanceRound has the rebalancer look at every section once.
func (s *Stepped) RebalanceRound() { s.rebalancer.Round() }

// OrdersRound has the homes of orders tell their legs again, and legs ask; it also does every quarter of a second.
func (s *Stepped) OrdersRound() { s.notifier.Round() }

// CatalogRound takes in what other nodes have written to the catalog. It holds a lock while it waits for the store, as
// ThrowSwitch does: the owner sees to it that only one of them is under way.
func (s *Stepped) CatalogRound() error { return s.refreshCatalog() }

// Drains ends the taking of requests and gives what ends each section of an event in good order. An event that is being
// opened has none: its opening is not waited for.
func (s *Stepped) Drains(id storage.EventID) (each []func(ctx context.Context)) {
	s.closing.Store(true)
	ev, err := s.event(id)
	if err != nil {
		return nil
	}
	if o := ev.ready.Load(); o != nil {
		return o.drains(s.Engine)
	}
	return nil
}

// Act sends one command about a booking, without its money: what Extend, Release, Confirm and Refund send to the
// section. Kind 0 reads the booking. The deadline is the Runtime's.
func (s *Stepped) Act(
	c *section.Command, id BookingID, who Caller, deadline time.Time, out *BookingView,
) (section.Outcome, error) {
	if c.Kind == 0 {
		return section.Outcome{}, s.read(id, who, deadline, out)
	}
	return s.send(c, false, id, who, deadline, out)
}

// GiveBack is Refund of a whole booking, and leaves the money to whoever answers for the processor. The deadline is the
// Runtime's.
func (s *Stepped) GiveBack(id BookingID, who Caller, deadline time.Time, out *BookingView) error {
	return s.owe(id, who, &RefundCall{}, deadline, out, func() {})
}

// ThrowSwitch is SetSaleOnce, and opens nothing.
func (s *Stepped) ThrowSwitch(
	ctx context.Context, id storage.EventID, who Caller, sale storage.SaleState,
) (*storage.Event, error) {
	return s.throwSwitch(ctx, id, who, onsale.Change{Sale: sale})
}

// Inspection is what a judge reads of a Stepped and of one event on it. The judge gets the very parts that serve, and
// changes nothing in them.
type Inspection struct {
	e  *Engine
	ev *event
}

// Inspect looks at an event.
func (s *Stepped) Inspect(id storage.EventID) (*Inspection, error) {
	ev, err := s.event(id)
	if err != nil {
		return nil, err
	}
	return &Inspection{s.Engine, ev}, nil
}

// Sale is the switch, as this node knows it.
func (i *Inspection) Sale() storage.SaleState { return i.ev.header.Load().Sale }

// Map is the event's map; nil before the event is open. So are Quota and Keys.
func (i *Inspection) Map() *seatmap.Map { return i.ev.live }

// Quota is who has how many seats.
func (i *Inspection) Quota() *coordinator.BuyerQuota { return i.ev.buyers }

// Keys is which request was judged where.
func (i *Inspection) Keys() *coordinator.KeyIndex { return i.ev.index }

// SearchRules has look read what the node knows of whether searches may run.
func (i *Inspection) SearchRules(look func(rules *coordinator.Views)) { i.e.coordinator.Inspect(look) }

// ClockSure says that records may be stamped.
func (i *Inspection) ClockSure() bool { _, sure := i.e.stamp(); return sure }

// Followers are the nodes that are sent what becomes of the event.
func (i *Inspection) Followers() []storage.WriterID {
	return i.e.peerRPC.Subscribers(i.ev.header.Load().ID)
}

// Underway counts, by what it is, what the node has begun and not ended. At rest nothing is left.
func (i *Inspection) Underway() map[string]int {
	d, grants := i.e.peerRPC, 0
	for _, c := range i.ev.coordinators {
		grants += c.Granter.Open()
	}
	return map[string]int{
		"grants whose fate is unknown": grants,
		"answers that are waited for":  d.Pending(), "requests of other nodes that wait": d.Waiting(),
		"activations": len(i.e.activations), "transfers": i.e.rebalancer.Moving(),
		"sections whose followers missed a record": int(d.Unsynced()),
	}
}

// CondemnedCoordinators counts the coordinators that are closed here until a person has looked.
func (i *Inspection) CondemnedCoordinators() (n int) {
	for _, c := range i.ev.coordinators {
		if c.Shard().Phase() == Condemned {
			n++
		}
	}
	return n
}

// Excluded counts the sections that coordinators on this node do without.
func (i *Inspection) Excluded() (n int) {
	for _, c := range i.ev.coordinators {
		for no := range i.ev.ready.Load().sections {
			if c.Granter.Excluded(storage.SectionNo(no)) {
				n++
			}
		}
	}
	return n
}

// Gate is the event's waiting room here; nil: it has none.
func (i *Inspection) Gate() *waitingroom.Room { return i.ev.queue }

func (i *Inspection) section(no storage.SectionNo) *Section { return i.ev.ready.Load().sections[no] }

// Shard is a section's life here. The event is open, as for all that is asked about a section.
func (i *Inspection) Shard(no storage.SectionNo) *shard.Shard { return i.section(no).shard }

// Replica is a section as it is followed here; nil: it is not.
func (i *Inspection) Replica(no storage.SectionNo) *replica.Replica { return i.section(no).following() }

// Owner is who serves a section, as far as the node knows.
func (i *Inspection) Owner(no storage.SectionNo) (placement.Ownership, bool) {
	return i.section(no).remote.Directory.Owner()
}

// PlacedHere says that the node should have the section.
func (i *Inspection) PlacedHere(no storage.SectionNo) bool { return i.section(no).PlacedHere() }

// KeysKnown says that the node knows all keys of the section's log.
func (i *Inspection) KeysKnown(no storage.SectionNo) bool { return i.section(no).allReceived() }

// InTransit counts the requests that are on their way to the node that serves the section.
func (i *Inspection) InTransit(no storage.SectionNo) int64 { return i.section(no).remote.InTransit() }

// Kind is what the section is made of.
func (i *Inspection) Kind(no storage.SectionNo) section.Kind { return i.section(no).kind }

// Exchange holds seats that are to take the place of others that a sold booking gives up, and fills out with that hold:
// as many, of the same section, named or the best; seats that are named in both lists are left alone. What the exchange
// costs stands in out.Exchange. To confirm the hold, even where there is nothing to pay, is to exchange the seats.
// Until then, and where it ends otherwise, the booking keeps what it has.
//
// Errors: those of Book about seats and the sale, and ErrBookingUnknown.
func (e *Engine) Exchange(
	id BookingID, gives []string, call *BookCall, timeout time.Duration, out *BookingView,
) error {
	deadline, who := time.Now().Add(timeout), call.Caller
	if err := e.read(id, who, deadline, out); err != nil {
		return err
	}
	ev, o, _, err := e.locate(id, deadline)
	if err != nil {
		return err
	}
	if over := ev.refusesHold(); over != nil && !ev.index.Knows(who.Request) {
		return over
	}
	t := bookingCall{ev: ev, o: o, call: call, deadline: deadline}
	if call.Fares.Any() && ev.lists().Unlogged() {
		return &Refusal{Code: section.TypeUnknown}
	}
	for n := range repricedMax {
		if err = t.exchangeOnce(id, gives, out); !isRepriced(err) || !t.awaitPrices(n) {
			break
		}
		if err = e.read(id, who, deadline, out); err != nil {
			return err
		}
		err = ErrUnavailable
	}
	if isRepriced(err) {
		return ErrUnavailable
	}
	return err
}

// exchangeOnce places the hold by the price lists that this node knows. out is the booking as it stands: what it gives
// up counts for what that costs by the booking's own list and types.
func (t *bookingCall) exchangeOnce(id BookingID, gives []string, out *BookingView) error {
	e, fared := t.ev.engine, out.fared
	r := request.New()
	if err := t.exchangeCommand(r, id, gives, &fared); err != nil {
		r.Free()
		return err
	}
	got, err := e.command(r, id, t.call.Caller, t.deadline, out)
	if err != nil || got.Rejection == section.Accepted {
		return err
	}
	return &Refusal{Code: got.Rejection, Seats: out.lost, Wait: e.waitFor(got.Rejection, got.ExpiresAt),
		until: got.ExpiresAt}
}

// exchangeCommand makes r ask for an exchange. Seats that are wanted and given up alike are neither.
func (t *bookingCall) exchangeCommand(r *request.Request, id BookingID, give []string, of *fares.Priced) error {
	o, call, c := t.o, t.call, &r.Command
	c.Kind, c.Exchange = section.PlaceExchange, new(exchange.Part)
	both := func(seat string) bool {
		return slices.Contains(give, seat) && slices.Contains(call.Seats, seat)
	}
	gives, err := o.ofSection(id.Section.Section, give, both)
	if err != nil {
		return err
	}
	wanted, err := o.ofSection(id.Section.Section, call.Seats, both)
	if err != nil {
		return err
	}
	r.Seats = append(r.Seats, wanted...)
	c.Seats, c.Exchange.Gives = r.Seats, gives
	c.Fare = t.fareOfWanted(call.Seats, wanted, id.Section.Section)
	if b := &call.Best; b.Quantity > 0 {
		if c.Category, c.AnyCategory, err = o.category(b.Category); err != nil {
			return err
		}
		c.Quantity, c.AccessibleOnly = b.Quantity, b.Accessible
		c.Fare = call.Fares.Best(t.ev.lists().Now(), c.Category, c.AnyCategory)
	}
	c.Exchange.Credit = o.refundOf(id.Section.Section, 0, gives, of, price.ReturnFees)
	return nil
}

// fareOfWanted is what is asked for the seats of an exchange: those that are named and not given up alike.
func (t *bookingCall) fareOfWanted(ids []string, wanted []section.SeatIndex, no storage.SectionNo) *tariff.Fare {
	fare, layout := fares.Request{Gift: t.call.Fares.Gift}, t.o.sections[no].kind.Layout
	for n, id := range ids {
		if ref, known := t.o.seats.Find(id); known && slices.Contains(wanted, ref.index) {
			fare.Types = append(fare.Types, t.call.Fares.TypeOf(n))
		}
	}
	return fare.Named(t.ev.lists().Now(), len(wanted), func(n int) fares.Seat {
		return fares.Seat{Index: wanted[n], Category: layout.Seats[wanted[n]].Category}
	})
}

// ofSection are the indexes of seats that all lie in a section, without those that are left out.
func (o *openEvent) ofSection(
	no storage.SectionNo, ids []string, without func(string) bool,
) (seats []section.SeatIndex, err error) {
	var unknown []string
	for _, id := range ids {
		switch ref, known := o.seats.Find(id); {
		case !known:
			unknown = append(unknown, id)
		case ref.section != no:
			err = &Refusal{Code: section.ExchangeOverSections, Seats: []string{id}}
		case !without(id):
			seats = append(seats, ref.index)
		}
	}
	if len(unknown) > 0 {
		err = &SeatsUnknownError{Seats: unknown}
	}
	return seats, err
}
