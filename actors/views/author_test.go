package views

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/venue"
	"holdfast/storage"
)

const evening section.Instant = 1_800_000_000_000

// rules leave everything remembered, so that the core can be asked for every booking there ever was.
var rules = section.Rules{
	HoldTTL: 60_000, HoldCeiling: 90_000, SeatsPerBookingMax: 4, SeatsPerBuyerMax: 12,
	DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin,
}

const planText = `{"sections":[
	{"id":"A","category":"Stalls","rows":[{"label":"1","seats":9},{"label":"2","seats":7}]},
	{"id":"B","category":"Circle","rows":[{"label":"1","seats":12}]},
	{"id":"G","category":"Floor","general":10}]}`

// newEvent is an event of three small sections, so that seats change hands often.
func newEvent(t testing.TB) (*storage.Event, *venue.Venue) {
	t.Helper()
	plan, err := venue.Parse([]byte(planText), venue.Options{Name: "Hall"})
	if err != nil {
		t.Fatal(err)
	}
	e := &storage.Event{
		ID: storage.NewEventID(), Name: "Night, with 'quotes'", StartsAt: evening + 86_400_000, CreatedAt: evening, Currency: "EUR",
		Sale: storage.SaleOpen, Rules: rules, Prices: map[string]int64{"Stalls": 4500, "Circle": 3000, "Floor": 2000},
	}
	for i := range plan.Sections {
		s := &plan.Sections[i]
		e.Sections = append(e.Sections, storage.SectionInfo{ID: s.ID, Name: s.Name, Seats: uint32(s.SeatCount())})
	}
	return e, plan
}

// author writes a section's log as a writer would: random wishes, judged by the core, a few to a record.
type author struct {
	t       testing.TB
	key     storage.SectionKey
	state   *section.State // what the log says, by the core
	chance  *rand.Rand
	tail    storage.Tail
	now     section.Instant
	last    section.BookingNo
	changes int // written so far
	d       section.Decision
	write   func(*storage.Entry, storage.Hash)
}

func newAuthor(
	t testing.TB, key storage.SectionKey, layout *section.Layout, seed uint64, write func(*storage.Entry, storage.Hash),
) *author {
	a := &author{
		t: t, key: key, state: section.NewState(layout, rules),
		chance: rand.New(rand.NewPCG(seed, uint64(key.Section))), now: evening, write: write,
	}
	a.append(storage.EntryClaim, []byte("writer"))
	return a
}

func (a *author) append(kind storage.EntryKind, body []byte) {
	epoch := a.tail.Epoch
	if kind == storage.EntryClaim {
		epoch++
	}
	e := storage.Entry{
		Kind: kind, Seq: a.tail.Seq + 1, Epoch: epoch, Batch: storage.NewBatchID(), At: a.now, Prev: a.tail.Hash,
		Body: body,
	}
	hash := storage.HashEntry(&e)
	a.tail = e.After(hash)
	a.write(&e, hash)
}

// record writes one record of up to n accepted wishes; now and then another writer takes over first.
func (a *author) record(n int) {
	a.now += section.Instant(a.chance.IntN(9000))
	if a.chance.IntN(20) == 0 {
		a.append(storage.EntryReleased, nil)
		a.append(storage.EntryClaim, []byte("heir"))
	}
	var body []byte
	a.state.Begin(a.tail.Seq + 1)
	for accepted, tries := 0, 0; accepted < n && tries < 3*n; tries++ {
		c := a.wish()
		if a.state.Decide(&c, &a.d); len(a.d.Changes) > 0 {
			accepted++
		}
		for i := range a.d.Changes {
			change := &a.d.Changes[i]
			body = section.AppendChange(body, a.now, change)
			a.state.Apply(change, nil)
			a.changes++
			if change.Kind == section.HoldPlaced {
				a.last = change.Booking
			}
		}
	}
	if len(body) > 0 {
		a.append(storage.EntryChanges, body)
	}
}

var wishes = []section.CommandKind{
	section.PlaceHold, section.PlaceHold, section.PlaceBest, section.PlaceBest, section.ExtendHold, section.ReleaseHold, section.BeginPayment,
	section.BeginPayment, section.ConfirmPayment, section.ConfirmPayment, section.FailPayment, section.ChallengePayment,
	section.RefundBooking, section.SettleRefund, section.SettleRefund, section.ExpireHolds,
	section.BlockSeats, section.UnblockSeats,
}

func (a *author) wish() section.Command {
	c := section.Command{
		Kind: wishes[a.chance.IntN(len(wishes))], At: a.now, Operator: true, AnyCategory: true, Max: 3,
		Quantity: 1 + a.chance.Uint32N(
			4,
		), Booking: a.last - section.BookingNo(a.chance.Uint64N(uint64(min(a.last, 8)+1))),
	}
	binary.LittleEndian.PutUint64(c.Buyer[:], 1+a.chance.Uint64N(12))
	for range 1 + a.chance.IntN(2) {
		seat := section.SeatIndex(a.chance.IntN(a.state.Seats()))
		if len(c.Seats) == 0 || c.Seats[0] < seat {
			c.Seats = append(c.Seats, seat)
		}
	}
	a.pay(&c)
	return c
}

// pay says what a command about money has to: mostly of the open attempt, or of the newest refund.
func (a *author) pay(c *section.Command) {
	if !a.state.Lookup(c.Booking, &a.d) {
		return
	}
	money := account.Money{}
	if m := a.d.Outcome.Money; m != nil {
		money = *m
	}
	switch c.Kind {
	case section.BeginPayment:
		c.Pay = account.Payment{Attempt: money.Attempt + 1, Amount: 10, Reference: "at the bank"}
	case section.ConfirmPayment, section.FailPayment, section.ChallengePayment:
		c.Pay.Attempt = max(money.Attempt, 1)
	case section.RefundBooking:
		c.Pay.Amount = a.chance.Int64N(4)
		if c.Seats = nil; a.chance.IntN(2) == 0 {
			c.Seats = a.d.Outcome.Seats[:1]
		}
	case section.SettleRefund:
		c.Pay.Refund, c.Pay.State = uint32(len(money.Refunds)), account.RefundState(2+a.chance.IntN(3))
	}
}
